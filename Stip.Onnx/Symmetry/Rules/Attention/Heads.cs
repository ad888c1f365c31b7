using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>Between tensors with heads side by side and tensors with an axis of heads.</summary>
internal static class Heads
{
    /// <summary><c>[batch, seq, …]</c> to <c>[batch, heads, seq, channels]</c>.</summary>
    /// <param name="value">Three axes, the last with heads side by side.</param>
    /// <param name="heads">How many.</param>
    /// <param name="start">Where the first begins.</param>
    /// <param name="channels">Width of one; 0 where they fill the axis.</param>
    public static LabelValue Split(LabelValue value, int heads, int start = 0, int channels = 0)
    {
        channels = channels > 0 ? channels : value.Shape[2] / heads;
        var (batch, length, width) = (value.Shape[0], value.Shape[1], value.Shape[2]);
        int[] shape = [batch, heads, length, channels];
        return new LabelValue(shape, Array.ConvertAll(
            Shapes.Walk(shape, [length * width, channels, width, 1], start), cell => value.Labels[cell]));
    }

    /// <summary><c>[batch, heads, seq, channels]</c> to <c>[batch, seq, heads * channels]</c>.</summary>
    public static LabelValue Merge(LabelValue value)
    {
        int[] shape = [value.Shape[0], value.Shape[2], value.Shape[1] * value.Shape[3]];
        return Swap(value) with { Shape = shape };
    }

    /// <summary>The two middle axes of four traded.</summary>
    public static LabelValue Swap(LabelValue value) => (LabelValue)Moves.ByAxes(
        value, Array.ConvertAll([0, 2, 1, 3], axis => AxisPick.All(axis, value.Shape[axis])));

    /// <summary>Rows of positions after others: <c>[batch, heads, seq, channels]</c>.</summary>
    public static LabelValue Append(LabelValue? past, LabelValue added)
    {
        if (past is null || past.Shape[2] == 0)
        {
            return added;
        }

        if (past.Shape[1] != added.Shape[1] || past.Shape[3] != added.Shape[3])
        {
            throw new InvalidDataException($"a cache of {past.Shape[1]} heads of {past.Shape[3]}, "
                + $"not {added.Shape[1]} of {added.Shape[3]}");
        }

        return (LabelValue)ConcatRule.Concat([past, added], 2);
    }
}
