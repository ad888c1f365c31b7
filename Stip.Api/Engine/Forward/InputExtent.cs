using System.Text.Json;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>How many sequences an input holds, and of how many rows the model makes one of them.</summary>
internal readonly record struct InputExtent(double Batch, double Length)
{
    /// <summary>Of one input of a pass.</summary>
    /// <param name="wanted">What the graph says of it.</param>
    /// <param name="given">What it is.</param>
    /// <param name="lengths">Names of axes that are lengths of sequences.</param>
    /// <param name="width">Features of a row, at least 1.</param>
    public static InputExtent Of(
        TensorManifest wanted, TensorPayload given, IReadOnlySet<string> lengths, int width)
    {
        var shape = given.Shape;
        if (shape.Count < 2)
        {
            return new InputExtent(1, shape.Count == 1 ? shape[0] : 1);
        }

        // Ids, types and places [batch, length], boxes [batch, length, 4], masks [batch, 1, length, length]. Four axes
        // of bytes are a picture's, unless they are a mask's.
        _ = TensorDtypes.TryParseWire(given.Dtype, out var dtype);
        var isMask = shape.Count > 2 && Name(wanted, ^1) is { } last && lengths.Contains(last);
        if (isMask || !(dtype.IsWireFloat() || (dtype == TensorDtype.UInt8 && shape.Count > 3)))
        {
            return new InputExtent(shape[0], Math.Max(shape[1], shape[^1]));
        }

        // Patches [length, features] of pictures of any size; elsewhere the first axis is the batch.
        double numbers = given.Data.Length / dtype.ByteSize();
        var batch = shape.Count == 2 && Name(wanted, ^1) is null ? 1 : shape[0];
        var rows = Math.Ceiling(numbers / batch / width);
        return new InputExtent(batch, shape.Count == 3 ? Math.Max(shape[1], rows) : rows);
    }

    /// <summary>Names of the second axes of inputs of texts: <c>[batch, length]</c> and <c>[batch, length, …]</c>.
    /// </summary>
    public static IReadOnlySet<string> LengthNames(GraphManifest graph) => graph.Inputs
        .Where(input => input.Shape.Count is 2 or 3).Select(input => Name(input, 1)).OfType<string>()
        .ToHashSet(StringComparer.Ordinal);

    // Null where the axis is fixed.
    private static string? Name(TensorManifest tensor, Index axis) =>
        tensor.Shape[axis].ValueKind == JsonValueKind.String ? tensor.Shape[axis].GetString() : null;
}
