using System.Globalization;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>What a resize makes of a shape.</summary>
/// <param name="Shape">The shape it gives.</param>
/// <param name="Axes">The axes whose positions are not where they were.</param>
/// <param name="Name">Says what is done to them, beside the attributes.</param>
internal sealed record ResizeTarget(int[] Shape, int[] Axes, string Name)
{
    /// <remarks>Resize: 0 X, 1 roi, 2 scales, 3 sizes; before version 11 0 X, 1 scales. Upsample: 0 X, 1 scales, or an
    /// attribute.</remarks>
    public static ResizeTarget Of(OperatorCall call)
    {
        var from = call.Input(0).Shape;
        int[] axes = call.Integers("axes")?.Select(axis => Shapes.Axis(axis, from.Length)).ToArray()
            ?? [.. Enumerable.Range(0, from.Length)];
        var scales = Scales(call);
        int[] lengths = scales is null ? Sizes(call, from, axes)
            : [.. axes.Select((axis, i) => (int)(scales[i] * from[axis]))];
        int[] shape = [.. from];
        for (var i = 0; i < axes.Length; i++)
        {
            shape[axes[i]] = lengths[i];
        }

        // A scale that leaves the length as it is moves what is between.
        var crop = call.Text("coordinate_transformation_mode", "") == "tf_crop_and_resize" ? call.Known(1) : null;
        int[] changed = [.. axes.Where((axis, i) =>
            crop is not null || shape[axis] != from[axis] || (scales is not null && scales[i] != 1))];
        return new ResizeTarget(
            shape, changed, $"{Text(from)} to {Text(shape)} by {Text(scales)} of {Text(crop?.Numbers)} ");
    }

    // A length is a product in single precision, cut off.
    private static float[]? Scales(OperatorCall call) =>
        call.Attribute("scales") is { } attribute ? [.. attribute.Floats]
        : call.Optional(call.Operation == "Resize" && call.Inputs.Count > 2 ? 2 : 1) is not { Count: > 0 } ? null
        : Array.ConvertAll(
            call.Known(call.Operation == "Resize" && call.Inputs.Count > 2 ? 2 : 1).Numbers, scale => (float)scale);

    private static int[] Sizes(OperatorCall call, int[] from, int[] axes)
    {
        var sizes = call.Known(3).Integers;
        float[] ratios = [.. axes.Select((axis, i) => sizes[i] / (float)from[axis])];
        return call.Text("keep_aspect_ratio_policy", "stretch") switch
        {
            "not_larger" => All(ratios.Min()),
            "not_smaller" => All(ratios.Max()),
            _ => sizes,
        };

        int[] All(float scale) =>
            [.. axes.Select(axis => (int)MathF.Round(scale * from[axis], MidpointRounding.AwayFromZero))];
    }

    private static string Text<T>(T[]? numbers)
        where T : IFormattable =>
        string.Join(',', (numbers ?? []).Select(number => number.ToString(null, CultureInfo.InvariantCulture)));
}
