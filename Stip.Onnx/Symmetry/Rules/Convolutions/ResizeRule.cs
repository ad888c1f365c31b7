using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>Positions interpolated: a cell is told by its place and by all cells along the axes that are
/// resized.</summary>
internal sealed class ResizeRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Resize", "Upsample"];

    public void Apply(OperatorCall call)
    {
        var value = call.Labels(0);
        var scales = call.Operation == "Resize" ? 2 : 1;
        int[] axes = call.Integers("axes")?.Select(axis => Shapes.Axis(axis, value.Rank)).ToArray()
            ?? [.. Enumerable.Range(0, value.Rank)];
        int[] shape = [.. value.Shape];
        for (var i = 0; i < axes.Length; i++)
        {
            shape[axes[i]] = call.Optional(scales) is KnownValue { Count: > 0 } factors
                ? (int)Math.Floor(value.Shape[axes[i]] * factors.Numbers[i])
                : call.Known(3).Integers[i];
        }

        int[] changed = [.. axes.Where(axis => shape[axis] != value.Shape[axis])];
        if (changed.Length == 0)
        {
            call.Set(0, value);
            return;
        }

        var groups = new AxisGroups(value.Shape, changed).ToArray();
        var targets = new AxisGroups(shape, changed).ToArray();
        var labels = new int[Shapes.Count(shape)];
        for (var group = 0; group < groups.Length; group++)
        {
            var all = call.Store.Ordered(
                call.Store.Kinds.Id("positions"), Array.ConvertAll(groups[group], cell => value.Labels[cell]));
            for (var place = 0; place < targets[group].Length; place++)
            {
                labels[targets[group][place]] = call.Store.Ordered(call.Store.Kinds.Id("resized", place), all);
            }
        }

        call.Set(0, new LabelValue(shape, labels));
    }
}
