using System.Text.Json;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Registry.Packages;

/// <summary>What is wrong with a list of inputs that the server makes for each step.</summary>
internal static class StepInputFaults
{
    private const int MaxInputs = 64;

    // Of all together: heads, at most. A mask has so many numbers for each new row and each token.
    private const int MaxFixedNumbers = 1 << 8;

    private static readonly string[] Words =
    [
        CacheTensorManifest.Batch, CacheTensorManifest.Length, StepInputManifest.Rows, StepInputManifest.Total,
    ];

    private static readonly string[] Switches = [StepInputManifest.Mask, StepInputManifest.Blocked];

    /// <param name="graph">Of a decoder whose caches are judged.</param>
    public static IEnumerable<string> Of(GraphManifest graph)
    {
        if (graph.Cache?.Inputs is not { } listed)
        {
            yield break;
        }

        if (graph.Cache is not { Layout: CacheLayouts.Growing, Cross: null })
        {
            yield return $"cache inputs are listed for a decoder with the layout '{CacheLayouts.Growing}' alone";
            yield break;
        }

        if (listed.Count > MaxInputs
            || listed.Any(made => made is not { Name.Length: > 0, Value: not null, Axes.Count: <= ListedAxes.Most }))
        {
            yield return $"cache.inputs is not a list of at most {MaxInputs} inputs with name, value and axes";
            yield break;
        }

        if (listed.Sum(made => Read(made.Axes)?.Numbers ?? 0) > MaxFixedNumbers)
        {
            yield return $"cache.inputs have more than {MaxFixedNumbers} numbers for each row and token";
        }

        foreach (var fault in CacheListFaults.Twice(listed.Select(made => made.Name))
            .Select(twice => $"cache input '{Quoted.Text(twice)}' is listed twice")
            .Concat(listed.SelectMany(made => Of(graph, made))))
        {
            yield return fault;
        }
    }

    private static IEnumerable<string> Of(GraphManifest graph, StepInputManifest made)
    {
        string[] taken =
        [
            graph.NameOf(GraphManifest.Embeds), .. CacheTensor.Of(graph.Cache!).Select(tensor => tensor.Past),
            .. graph.Ports is { } ports ? ports.Values : [],
        ];
        var input = graph.Inputs.FirstOrDefault(input => input.Name == made.Name);
        if (taken.Contains(made.Name))
        {
            yield return $"'{Quoted.Text(made.Name)}' is two things: a cache input, and a port or a cache tensor";
        }
        else if (input is null)
        {
            yield return $"decoder has no input '{Quoted.Text(made.Name)}'";
        }
        else if (!StepInputManifest.Values.Contains(made.Value))
        {
            yield return $"cache input '{made.Name}' holds '{Quoted.Text(made.Value)}', which is none of "
                + string.Join(", ", StepInputManifest.Values);
        }
        else if (!AreRegular(made.Axes) || !Fits(made.Axes, GraphFaults.Axes(input), TakesOneRow(graph)))
        {
            yield return $"the axes of cache input '{made.Name}' are not lengths above 0, "
                + $"{string.Join(", ", Words)} and those of the graph";
        }
        else if (!TensorDtypes.TryParseWire(input.Dtype, out var dtype) || !Holds(dtype, made.Value))
        {
            yield return $"'{made.Name}' is {Quoted.Text(input.Dtype)} and cannot hold '{made.Value}'";
        }
    }

    private static bool Holds(TensorDtype dtype, string value) => dtype switch
    {
        _ when dtype.IsWireFloat() || dtype == TensorDtype.Float64 => true,
        TensorDtype.Int64 or TensorDtype.Int32 => value != StepInputManifest.Bias,
        TensorDtype.Bool => Switches.Contains(value),
        _ => false,
    };

    private static ListedAxes? Read(IReadOnlyList<JsonElement> axes) =>
        ListedAxes.Read(axes, Words, MaxFixedNumbers);

    // What is cached and what is there in all are not both counted: their product is no number of a step's.
    private static bool AreRegular(IReadOnlyList<JsonElement> axes) =>
        Read(axes) is { Numbers: <= MaxFixedNumbers } listed
        && !(listed.Words.Contains(CacheTensorManifest.Length) && listed.Words.Contains(StepInputManifest.Total));

    private static bool TakesOneRow(GraphManifest graph) =>
        graph.Inputs.FirstOrDefault(input => input.Name == graph.NameOf(GraphManifest.Embeds)) is { } rows
        && GraphFaults.Axes(rows).ElementAtOrDefault(graph.Cache!.SequenceFirst is true ? 0 : 1) == 1;

    // Where the graph fixes what a word counts, that is the one sequence or row that it takes.
    private static bool Fits(IReadOnlyList<JsonElement> axes, int[] lengths, bool takesOneRow) =>
        axes.Count == lengths.Length
        && axes.Zip(lengths).All(pair => pair.Second < 0
            || (pair.First.ValueKind == JsonValueKind.Number
                ? pair.First.GetInt32() == pair.Second
                : pair.Second == 1 && (pair.First.ValueEquals(CacheTensorManifest.Batch)
                    || (takesOneRow && pair.First.ValueEquals(StepInputManifest.Rows)))));
}
