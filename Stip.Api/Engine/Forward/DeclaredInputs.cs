using System.Text.Json;
using Stip.Protocol.Errors;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>What a request says of the inputs of a graph without a cache, judged before their numbers are read. Nothing
/// but <see cref="Judge"/> makes them.</summary>
internal sealed class DeclaredInputs
{
    // Of one input in its widest type; no body is as long.
    private const long MostBytes = 1 << 30;

    private DeclaredInputs(IReadOnlyList<DeclaredInput> inputs, IReadOnlyDictionary<string, long> axes) =>
        (Inputs, Axes) = (inputs, axes);

    /// <summary>In the graph's order.</summary>
    public IReadOnlyList<DeclaredInput> Inputs { get; }

    /// <summary>Lengths of the axes that have a name.</summary>
    public IReadOnlyDictionary<string, long> Axes { get; }

    /// <summary>Judges names, types, shapes and sizes.</summary>
    /// <param name="graph">What there is.</param>
    /// <param name="inputs">What the request says; their data is not looked at.</param>
    public static Outcome<DeclaredInputs> Judge(
        GraphManifest graph, IReadOnlyDictionary<string, TensorPayload>? inputs)
    {
        var known = string.Join(", ", graph.Inputs.Select(input => input.Name));
        if (inputs is null || inputs.Count != graph.Inputs.Count
            || graph.Inputs.Any(input => !inputs.ContainsKey(input.Name)))
        {
            return new Refusal(StipErrorCode.InvalidRequest, $"inputs are not exactly {known}", "inputs");
        }

        var axes = new Dictionary<string, long>(StringComparer.Ordinal);
        var judged = new List<DeclaredInput>();
        foreach (var wanted in graph.Inputs)
        {
            if (!JudgeOne(wanted, inputs[wanted.Name], axes).Is(out var input, out var refusal))
            {
                return refusal;
            }

            judged.Add(input);
        }

        return new DeclaredInputs(judged, axes);
    }

    private static Outcome<DeclaredInput> JudgeOne(
        TensorManifest wanted, TensorPayload? given, Dictionary<string, long> axes)
    {
        var param = $"inputs.{wanted.Name}";
        _ = TensorDtypes.TryParseWire(wanted.Dtype, out var graphDtype);
        if (given?.Shape is null || !TensorDtypes.TryParseWire(given.Dtype, out var dtype)
            || (dtype != graphDtype && !(dtype.IsWireFloat() && graphDtype.IsWireFloat())))
        {
            return new Refusal(
                StipErrorCode.UnsupportedDtype, $"'{wanted.Name}' is not a tensor of {wanted.Dtype}", param);
        }

        if (!Fits(wanted.Shape, given.Shape, axes)
            || Numbers(given.Shape) is not (<= MostBytes / sizeof(long) and var count))
        {
            return new Refusal(
                StipErrorCode.ShapeMismatch,
                $"'{wanted.Name}' has shape [{string.Join(", ", given.Shape.Take(8))}], "
                + $"the graph takes [{string.Join(", ", wanted.Shape)}] of {wanted.Dtype}",
                param);
        }

        return new DeclaredInput(
            wanted.Name, graphDtype, given.Shape, new DeclaredRows(param, dtype, (int)count, Width: 1));
    }

    // An axis with a name has the same length wherever the name stands.
    private static bool Fits(
        IReadOnlyList<JsonElement> wanted, IReadOnlyList<long> given, Dictionary<string, long> axes)
    {
        if (wanted.Count != given.Count || given.Any(axis => axis < 1))
        {
            return false;
        }

        for (var i = 0; i < wanted.Count; i++)
        {
            var expected = wanted[i].ValueKind == JsonValueKind.Number && wanted[i].TryGetInt64(out var length)
                ? length
                : axes.TryAdd(wanted[i].ToString(), given[i]) ? given[i] : axes[wanted[i].ToString()];
            if (expected != given[i] && expected >= 0)
            {
                return false;
            }
        }

        return true;
    }

    // Axes are at least 1; what is too much counts as a little more than there may be.
    private static decimal Numbers(IReadOnlyList<long> shape) =>
        shape.Aggregate(1m, static (product, axis) => Math.Min(product * axis, MostBytes + 1));
}
