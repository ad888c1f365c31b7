using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>Slices at places that are given by all their leading coordinates.</summary>
internal sealed class GatherNDRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["GatherND", "com.microsoft.GatherND"];

    public void Apply(OperatorCall call)
    {
        var (value, indices) = (call.Input(0), call.Input(1));
        var batch = (int)call.Integer("batch_dims", 0);
        var depth = indices.Shape[^1];
        var inner = Shapes.Count(value.Shape.AsSpan(batch + depth));
        var grid = value.Shape.AsSpan(batch, depth).ToArray();
        var places = Shapes.Count(grid);
        var blocks = Shapes.Count(value.Shape.AsSpan(0, batch));
        var picks = indices.Count / Math.Max(1, blocks * depth);
        int[] shape = [.. indices.Shape[..^1], .. value.Shape[(batch + depth)..]];
        if (indices is KnownValue known && (value is KnownValue || !known.IsRuntime))
        {
            var sources = Sources(known, grid, blocks, picks, places, inner);
            PinRows(value, known, depth);
            var moved = Moves.ByCells(value, shape, sources);
            call.Set(0, moved is KnownValue numbers
                ? numbers with { Origin = KnownValue.OriginOf(value, known) }
                : moved);
            return;
        }

        var labels = new List<int>();
        var lanes = new AxisLanes(call.Labels(value).Labels, blocks, places, inner);
        for (var pick = 0; pick < blocks * picks; pick++)
        {
            labels.AddRange(Read(call, indices, pick * depth, depth, lanes.Rows(pick / picks)));
        }

        call.Set(0, new LabelValue(shape, [.. labels]));
    }

    private static int[] Read(OperatorCall call, Value indices, int start, int depth, int[][] rows)
    {
        if (indices is KnownValue known)
        {
            var chooser = call.Store.Ordered(
                call.Store.Kinds.Id("place"), Array.ConvertAll(
                    known.Numbers[start..(start + depth)], call.Store.Constant));
            return Choice.Of(call.Store, call.Store.Kinds.Id("picked"), rows, [chooser]);
        }

        var coordinates = call.Labels(indices).Labels[start..(start + depth)];
        return depth == 1
            ? PickByIndex.Read(call, coordinates[0], rows)
            : PickByIndex.Read(call, call.Store.Ordered(call.Store.Kinds.Id("place"), coordinates), rows);
    }

    private static int[] Sources(KnownValue known, int[] grid, int blocks, int picks, int places, int inner)
    {
        var strides = Shapes.Strides(grid);
        var sources = new int[blocks * picks * inner];
        for (var pick = 0; pick < blocks * picks; pick++)
        {
            var place = 0;
            for (var axis = 0; axis < grid.Length; axis++)
            {
                var index = (int)known.Numbers[(pick * grid.Length) + axis] % grid[axis];
                place += (index < 0 ? index + grid[axis] : index) * strides[axis];
            }

            var start = (((pick / picks) * places) + place) * inner;
            for (var lane = 0; lane < inner; lane++)
            {
                sources[(pick * inner) + lane] = start + lane;
            }
        }

        return sources;
    }

    private static void PinRows(Value value, KnownValue indices, int depth)
    {
        if (value is WeightValue weight && indices.Origin != KnownOrigin.Constant)
        {
            foreach (var axis in weight.Axes.Take(depth))
            {
                axis.Pin("looked up by an index that depends on lengths");
            }
        }
    }
}
