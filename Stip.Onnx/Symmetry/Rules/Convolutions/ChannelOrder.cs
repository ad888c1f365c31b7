using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>Between pictures with their channels last and those with channels behind the batch.</summary>
internal static class ChannelOrder
{
    /// <summary><c>[batch, …, C]</c> to <c>[batch, C, …]</c>.</summary>
    public static LabelValue First(LabelValue value) =>
        Turned(value, [0, value.Rank - 1, .. Enumerable.Range(1, value.Rank - 2)]);

    /// <summary><c>[batch, C, …]</c> to <c>[batch, …, C]</c>.</summary>
    public static LabelValue Last(LabelValue value) =>
        Turned(value, [0, .. Enumerable.Range(2, value.Rank - 2), 1]);

    private static LabelValue Turned(LabelValue value, int[] axes) =>
        (LabelValue)Moves.ByAxes(value, Array.ConvertAll(axes, axis => AxisPick.All(axis, value.Shape[axis])));
}
