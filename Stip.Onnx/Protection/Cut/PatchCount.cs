using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Protection.Cut;

/// <summary>How many rows a client makes of a picture of a fixed size.</summary>
internal static class PatchCount
{
    // Beside patches: a class, a teacher, registers.
    private const int OtherRows = 8;
    private const int PictureRank = 4;

    /// <summary>Most of them; null where the client's graph takes no such picture.</summary>
    public static int? Most(GraphPart client)
    {
        var found = client.IsClient
            ? KnownAxes.Convolved(client.Graph).Where(entry => entry.Weight.Dims.Count == PictureRank
                && Side(entry.Input, 2) > 0 && Side(entry.Input, 3) > 0).Take(1).ToArray()
            : [];
        if (found is not [var (picture, weight)])
        {
            return null;
        }

        var strides = client.Graph.Node.FirstOrDefault(node => node.Input.Contains(weight.Name))?.Attribute
            .FirstOrDefault(attribute => attribute.Name == "strides")?.Ints;
        return checked((int)(Patches(Side(picture, 2), strides?[0] ?? 1) * Patches(Side(picture, 3), strides?[1] ?? 1)))
            + OtherRows;
    }

    private static long Patches(long side, long step) => (side + step - 1) / Math.Max(step, 1);

    private static long Side(ValueInfoProto picture, int axis) =>
        picture.Type?.TensorType?.Shape is { Dim.Count: PictureRank } shape ? shape.Dim[axis].DimValue : 0;
}
