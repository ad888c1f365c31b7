using Stip.Onnx.Symmetry.Rules.Picking;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Cells;

/// <summary>A choice cell by cell: made at once where it follows from shapes, else a node of all three.</summary>
internal sealed class WhereRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Where"];

    public void Apply(OperatorCall call)
    {
        var values = new[] { call.Input(0), call.Input(1), call.Input(2) };
        var shape = Shapes.Broadcast(Shapes.Broadcast(values[0].Shape, values[1].Shape), values[2].Shape);
        var cells = Array.ConvertAll(values, value => Shapes.Stretch(value.Shape, shape));
        if (values[0] is KnownValue test && values[1] is KnownValue yes && values[2] is KnownValue no)
        {
            var numbers = new double[cells[0].Length];
            for (var i = 0; i < numbers.Length; i++)
            {
                numbers[i] = test.Numbers[cells[0][i]] != 0 ? yes.Numbers[cells[1][i]] : no.Numbers[cells[2][i]];
            }

            call.Set(0, new KnownValue(shape, numbers, yes.Type, KnownValue.OriginOf(values)));
            return;
        }

        call.Set(0, new LabelValue(shape, Choose(call, values, cells, shape)));
    }

    private static int[] Choose(OperatorCall call, Value[] values, int[][] cells, int[] shape)
    {
        var operands = Array.ConvertAll(values, value => call.Labels(value).Labels);
        var (yes, no) = (Taken(operands[1], cells[1]), Taken(operands[2], cells[2]));
        if (values[0] is not KnownValue { IsRuntime: false } settled || IsOtherElsewhere(values))
        {
            var order = new LaneAxis(call.Store.Runs, shape, yes, no);
            return order.Back(Choice.Of(
                call.Store,
                call.Kind(),
                [order.There(yes), order.There(no)],
                order.There(Taken(operands[0], cells[0]))));
        }

        var labels = new int[yes.Length];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = settled.Numbers[cells[0][i]] != 0 ? yes[i] : no[i];
        }

        return labels;
    }

    // Which of two tensors is taken follows from lengths: under others it is the other one.
    private static bool IsOtherElsewhere(Value[] values) => values[0] is KnownValue { Origin: KnownOrigin.Sizes }
        && values[1] is not KnownValue && values[2] is not KnownValue;

    private static int[] Taken(int[] labels, int[] cells) => Array.ConvertAll(cells, cell => labels[cell]);
}
