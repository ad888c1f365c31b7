using Stip.Onnx.Symmetry.Nodes;
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
        var target = ResizeTarget.Of(call);
        if (target.Axes.Length == 0)
        {
            call.Set(0, value);
            return;
        }

        // All positions of a channel are one node, made for all channels at once; then one for each new position.
        var groups = new AxisGroups(value.Shape, target.Axes).ToArray();
        var targets = new AxisGroups(target.Shape, target.Axes).ToArray();
        var labels = new int[Shapes.Count(target.Shape)];
        if (labels.Length > 0)
        {
            int[][] rows = [.. Enumerable.Range(0, groups[0].Length).Select(place =>
                Array.ConvertAll(groups, cells => value.Labels[cells[place]]))];
            var all = CellWise.Ordered(call.Store, call.Store.Kinds.Id("positions"), rows);
            var kind = call.Kind(target.Name);
            foreach (var (place, node) in call.Store.Places(targets[0].Length).Index())
            {
                var made = CellWise.Ordered(call.Store, kind, all, [node]);
                for (var group = 0; group < targets.Length; group++)
                {
                    labels[targets[group][place]] = made[group];
                }
            }
        }

        call.Set(0, new LabelValue(target.Shape, labels));
    }
}
