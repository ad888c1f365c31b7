using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Protection.Cut;

/// <summary>How many rows a client makes of a picture.</summary>
internal static class PatchCount
{
    // Beside patches: a class, a teacher, registers.
    private const int OtherRows = 8;
    private const int PictureRank = 4;

    // Where a picture may have any size: a page of 2,048 by 2,048 at 16 pixels a patch, and no bound of a text's.
    private const int OfAnySize = 16_384;

    /// <summary>Most of them; null where the client's graph takes no picture.</summary>
    public static int? Most(GraphPart client)
    {
        var found = client.IsClient
            ? KnownAxes.Convolved(client.Graph).Where(entry => entry.Weight.Dims.Count == PictureRank
                    && entry.Input.Type?.TensorType?.Shape?.Dim.Count == PictureRank)
                .OrderBy(entry => IsSized(entry.Input) ? 0 : 1).Take(1).ToArray()
            : [];
        if (found is not [var (picture, _, convolution)])
        {
            return null;
        }

        var strides = convolution.Attribute.FirstOrDefault(attribute => attribute.Name == "strides")?.Ints ?? [];
        return IsSized(picture)
            ? checked((int)(Patches(Side(picture, 2), strides.ElementAtOrDefault(0))
                * Patches(Side(picture, 3), strides.ElementAtOrDefault(1)))) + OtherRows
            : OfAnySize;
    }

    private static bool IsSized(ValueInfoProto picture) => Side(picture, 2) > 0 && Side(picture, 3) > 0;

    // A step that is not said is 1.
    private static long Patches(long side, long step) => (side + Math.Max(step, 1) - 1) / Math.Max(step, 1);

    private static long Side(ValueInfoProto picture, int axis) =>
        picture.Type?.TensorType?.Shape is { Dim.Count: PictureRank } shape ? shape.Dim[axis].DimValue : 0;
}
