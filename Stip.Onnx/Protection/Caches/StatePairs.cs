using System.Text.Json;
using Google.Protobuf.Collections;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Ports;
using Stip.Onnx.Symmetry.Values;
using Stip.Protocol.Packages;
using Dimension = Stip.Onnx.Model.TensorShapeProto.Types.Dimension;

namespace Stip.Onnx.Protection.Caches;

/// <summary>Finds the states of a decoder: tensors that it takes and gives at one size, whatever the length of the
/// sequence. What a recurrent layer keeps, the last rows of a convolution, and caches of a fixed length that are
/// written at places.</summary>
internal static class StatePairs
{
    private static readonly HashSet<string> Words = new(StringComparer.Ordinal)
    {
        "past", "present", "in", "out", "new", "next", "prev", "old", "input", "output", "init", "updated",
    };

    private static readonly HashSet<string> Writing =
        new(StringComparer.Ordinal) { "ScatterND", "ScatterElements", "TensorScatter" };

    /// <summary>In the order of the inputs; none unless every float input but rows, masks and caches is one, and every
    /// output but the logits.</summary>
    /// <param name="cut">The graph, whose client looks ids up.</param>
    /// <param name="inputs">Of the whole graph.</param>
    /// <param name="uses">What masks among its inputs are.</param>
    /// <param name="grown">Its caches that grow.</param>
    /// <param name="limits">Rows of the tables that ids index, the vocabulary among them.</param>
    public static IReadOnlyList<CacheTensorManifest> Find(
        ClientCut cut,
        IEnumerable<ValueInfoProto> inputs,
        PortUses uses,
        IReadOnlyList<CacheTensorManifest> grown,
        IReadOnlyDictionary<string, long> limits)
    {
        ValueInfoProto[] taken =
        [
            .. cut.Cloud.Input.Where(input => ElementTypes.AreQuantities(input) && !cut.Sent.Contains(input.Name)
                && uses[input.Name] != PortUse.Mask && grown.All(cache => cache.Past != input.Name)),
        ];
        ValueInfoProto[] given =
            [.. cut.Cloud.Output.Where(output => grown.All(cache => cache.Present != output.Name))];
        var logits = Array.FindAll(given, output => ElementTypes.AreQuantities(output)
            && Axes(output) is [.., var width] && limits.Values.Contains(width.DimValue));
        var first = given.Length == taken.Length + 1 && logits.Length > 0 ? logits[0] : null;
        if (cut.Features.Count == 0 || taken.Length == 0 || first is null)
        {
            return [];
        }

        var (presents, areNamed) = Pair(taken, [.. given.Where(output => output != first)]);
        var batches = CachePairs.FirstAxes(inputs.Where(input => !ElementTypes.AreQuantities(input)));
        CacheTensorManifest?[] states =
        [
            .. taken.Zip(presents, (past, present) =>
                areNamed || MadeOf(cut.Cloud, past.Name).Contains(present.Name)
                    ? Describe(past, present, batches) : null),
        ];
        return Array.TrueForAll(states, state => state is not null) ? [.. states.OfType<CacheTensorManifest>()] : [];
    }

    /// <summary>Inputs among caches that are states.</summary>
    public static IReadOnlySet<string> NamesOf(IEnumerable<CacheTensorManifest> caches) => caches
        .Where(cache => cache.Axes.All(axis => axis.ToString() != CacheTensorManifest.Length))
        .Select(cache => cache.Past).ToHashSet(StringComparer.Ordinal);

    /// <summary>Tokens that fit states that are written at places; null where none is.</summary>
    /// <param name="graph">The server's graph.</param>
    /// <param name="functions">Functions that its nodes may call.</param>
    /// <param name="caches">Its caches and states.</param>
    public static int? Length(
        GraphProto graph, IReadOnlyList<FunctionProto> functions, IEnumerable<CacheTensorManifest> caches)
    {
        var names = NamesOf(caches);
        var states = caches.Where(cache => names.Contains(cache.Past))
            .ToDictionary(cache => cache.Past, StringComparer.Ordinal);
        if (states.Count == 0)
        {
            return null;
        }

        var carried = CarriedInputs.Of(graph, functions);
        var axes = new CarriedAxes(graph, states.ToDictionary(state => state.Key, state => state.Value.Axes.Count));
        var types = new ValueTypes(graph);
        var (constants, rolled) = (new Constants(graph), RolledRows.Of(graph));
        return graph.Node.Where(node => Writing.Contains(node.OpType) && !rolled.Contains(node.Input[0])
                && (node.OpType == "TensorScatter" || !constants.Has(node.Input[1])))
            .SelectMany(node => (carried.GetValueOrDefault(node.Input[0]) ?? new HashSet<string>())
                .Where(states.ContainsKey).Select(name => (Name: name, Axis: WrittenAxis(node, axes, types))))
            .GroupBy(write => write.Name, write => LengthOf(states[write.Name], write.Axis))
            .Min(lengths => lengths.Max());
    }

    // Features stand behind places, where nothing tells which axis these are on. What is written back as a whole is
    // one of few: of several axes that are written the longest has the places.
    private static int? LengthOf(CacheTensorManifest state, int? axis) =>
        axis is { } place && state.Axes[place].ValueKind == JsonValueKind.Number ? state.Axes[place].GetInt32()
        : state.Axes.SkipLast(1).Where(length => length.ValueKind == JsonValueKind.Number)
            .Select(length => (int?)length.GetInt32()).Max();

    // The axis of a state whose places are told; null where it is not known.
    private static int? WrittenAxis(NodeProto node, CarriedAxes axes, ValueTypes types)
    {
        if (axes.Of(node.Input[0]) is not { } state)
        {
            return null;
        }

        var rank = state.Axes.Length;
        var axis = node.OpType switch
        {
            "TensorScatter" => Shapes.Axis(CarriedAxes.AxisOf(node, -2), rank),
            "ScatterElements" => Shapes.Axis(CarriedAxes.AxisOf(node, 0), rank),

            // Of axes that are told together the places are last: all before them are written whole.
            _ when types.ShapeOf(node.Input[1]) is { Dim: [.., var last] } => (int)last.DimValue - 1,
            _ when types.TensorShape(node.Input[1]) is [.., var last] => (int)last - 1,
            _ => -1,
        };
        return axis >= 0 && axis < rank && state.Axes[axis] >= 0 ? state.Axes[axis] : null;
    }

    // By what is the same in their names, or by their order where that does not tell all: then each comes of the one
    // before. (What a layer shifts by a token is given without a look at what it was.)
    private static (ValueInfoProto[] Presents, bool AreNamed) Pair(ValueInfoProto[] taken, ValueInfoProto[] given)
    {
        var byStem = given.GroupBy(output => Stem(output.Name)).Where(group => group.Count() == 1)
            .ToDictionary(group => group.Key, group => group.Single(), StringComparer.Ordinal);
        return taken.Select(input => Stem(input.Name)).ToHashSet().Count == taken.Length
            && Array.TrueForAll(taken, input => byStem.ContainsKey(Stem(input.Name)))
            ? ([.. taken.Select(input => byStem[Stem(input.Name)])], true)
            : (given, false);
    }

    private static string Stem(string name) => string.Join('.', name.ToLowerInvariant()
        .Split('.', '_', '/', '-', ':').Where(word => word.Length > 0 && !Words.Contains(word)));

    private static CacheTensorManifest? Describe(
        ValueInfoProto past, ValueInfoProto present, IReadOnlySet<string> batches)
    {
        var (before, after) = (Axes(past), Axes(present));
        var isOne = past.Type?.TensorType?.ElemType == present.Type?.TensorType?.ElemType && before.Count > 0
            && (after.Count == 0 || (before.Count == after.Count && before.Zip(after).All(pair =>
                !ProbeSizes.IsFixed(pair.First) || !ProbeSizes.IsFixed(pair.Second)
                    || pair.First.DimValue == pair.Second.DimValue)));
        JsonElement?[] axes = [.. before.Select(axis => Axis(axis, batches))];
        return isOne && Array.TrueForAll(axes, axis => axis is not null)
            && axes.Count(axis => axis!.Value.ValueKind == JsonValueKind.String) <= 1
            ? new CacheTensorManifest(past.Name, present.Name, [.. axes.Select(axis => axis!.Value)])
            : null;
    }

    private static JsonElement? Axis(Dimension axis, IReadOnlySet<string> batches) =>
        ProbeSizes.IsFixed(axis) && axis.DimValue > 0 ? JsonSerializer.SerializeToElement(axis.DimValue)
        : batches.Contains(axis.DimParam) ? JsonSerializer.SerializeToElement(CacheTensorManifest.Batch)
        : null;

    private static HashSet<string> MadeOf(GraphProto graph, string input)
    {
        var made = new HashSet<string>(StringComparer.Ordinal) { input };
        foreach (var node in graph.Node.Where(node => OuterReads.Of(node).Any(made.Contains)))
        {
            made.UnionWith(node.Output);
        }

        return made;
    }

    private static RepeatedField<Dimension> Axes(ValueInfoProto value) => value.Type?.TensorType?.Shape?.Dim ?? [];
}
