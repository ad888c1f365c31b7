using System.Text.Json;
using Stip.Protocol.Errors;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>Inputs of a graph without a cache, judged. Nothing but <see cref="Judge"/> makes them.</summary>
internal sealed class ValidInputs
{
    private ValidInputs(Dictionary<string, TensorPayload> tensors, Dictionary<string, long> axes)
    {
        (Tensors, Axes) = (tensors, axes);
    }

    public IReadOnlyDictionary<string, TensorPayload> Tensors { get; }

    /// <summary>Lengths of the axes that have a name.</summary>
    public IReadOnlyDictionary<string, long> Axes { get; }

    /// <summary>Judges names, types, shapes, sizes and numbers; float rows are converted to the graph's type.</summary>
    public static Outcome<ValidInputs> Judge(GraphManifest graph, IReadOnlyDictionary<string, TensorPayload>? inputs)
    {
        var known = string.Join(", ", graph.Inputs.Select(input => input.Name));
        if (inputs is null || inputs.Count != graph.Inputs.Count
            || graph.Inputs.Any(input => !inputs.ContainsKey(input.Name)))
        {
            return new Refusal(StipErrorCode.InvalidRequest, $"inputs are not exactly {known}", "inputs");
        }

        var axes = new Dictionary<string, long>(StringComparer.Ordinal);
        var judged = new Dictionary<string, TensorPayload>(StringComparer.Ordinal);
        foreach (var wanted in graph.Inputs)
        {
            if (!JudgeOne(wanted, inputs[wanted.Name], axes).Is(out var tensor, out var refusal))
            {
                return refusal;
            }

            judged.Add(wanted.Name, tensor);
        }

        return new ValidInputs(judged, axes);
    }

    private static Outcome<TensorPayload> JudgeOne(
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

        if (!Fits(wanted.Shape, given.Shape, axes) || Bytes(given.Shape, dtype) != given.Data.Length)
        {
            return new Refusal(
                StipErrorCode.ShapeMismatch,
                $"'{wanted.Name}' has shape [{string.Join(", ", given.Shape.Take(8))}] and {given.Data.Length} bytes, "
                + $"the graph takes [{string.Join(", ", wanted.Shape)}] of {wanted.Dtype}",
                param);
        }

        return dtype.IsWireFloat() ? Convert(wanted.Name, given, dtype, graphDtype) : given;
    }

    private static Outcome<TensorPayload> Convert(
        string name, TensorPayload given, TensorDtype dtype, TensorDtype graphDtype)
    {
        var data = new byte[given.Data.Length / dtype.ByteSize() * graphDtype.ByteSize()];
        TensorConversion.Convert(dtype, given.Data.Span, graphDtype, data);
        return TensorConversion.AllFinite(graphDtype, data)
            ? new TensorPayload(graphDtype.WireName(), given.Shape, data)
            : new Refusal(StipErrorCode.NonFiniteInput, $"'{name}' holds a NaN or an infinity", $"inputs.{name}");
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

    private static long Bytes(IReadOnlyList<long> shape, TensorDtype dtype)
    {
        var product = (decimal)dtype.ByteSize();
        foreach (var axis in shape)
        {
            product = Math.Min(product * axis, long.MaxValue);
        }

        return (long)product;
    }
}
