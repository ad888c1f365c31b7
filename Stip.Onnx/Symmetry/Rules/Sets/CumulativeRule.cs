using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Sets;

/// <summary>Running sums along an axis, and triangles of matrices: what a cell is depends on its place.</summary>
internal sealed class CumulativeRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["CumSum", "CumProd"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var axis = Shapes.Axis(call.Known(1).Integers[0], value.Rank);
        var (reverse, exclusive) = (call.Integer("reverse", 0) != 0, call.Integer("exclusive", 0) != 0);
        var groups = new AxisGroups(value.Shape, [axis]);
        if (value is KnownValue known)
        {
            var numbers = new double[known.Count];
            foreach (var cells in groups)
            {
                foreach (var (cell, part) in Parts(cells, reverse, exclusive))
                {
                    numbers[cell] = call.Operation == "CumSum"
                        ? part.Sum(from => known.Numbers[from])
                        : part.Aggregate(1.0, (product, from) => product * known.Numbers[from]);
                }
            }

            call.Set(0, known with { Numbers = numbers });
            return;
        }

        var labels = call.Labels(value).Labels;
        var result = new int[labels.Length];
        foreach (var cells in groups)
        {
            foreach (var (cell, part) in Parts(cells, reverse, exclusive))
            {
                result[cell] = call.Store.Ordered(call.Kind(), Array.ConvertAll(part, from => labels[from]));
            }
        }

        call.Set(0, new LabelValue(value.Shape, result));
    }

    private static IEnumerable<(int Cell, int[] Part)> Parts(int[] cells, bool reverse, bool exclusive) =>
        cells.Select((cell, i) => (cell, reverse
            ? cells[(exclusive ? i + 1 : i)..]
            : cells[..(exclusive ? i : i + 1)]));
}
