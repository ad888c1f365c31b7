using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Flow;

/// <summary>Recurrent layers written out step by step: hidden units move along with their rows in every gate.</summary>
/// <remarks>Inputs: 0 X <c>[seq, batch, in]</c>, 1 W <c>[directions, gates · hidden, in]</c>, 2 R
/// <c>[directions, gates · hidden, hidden]</c>, 3 B <c>[directions, 2 · gates · hidden]</c>, 4 sequence_lens, 5
/// initial_h and 6 initial_c <c>[directions, batch, hidden]</c>, 7 P <c>[directions, 3 · hidden]</c>. The quantised
/// form has W and R turned, 8 and 10 their scales, 9 and 11 their zero points.</remarks>
internal sealed class RecurrentRule : IOperatorRule
{
    private const string Quantized = "com.microsoft.DynamicQuantizeLSTM";

    public IEnumerable<string> Operators => ["LSTM", "GRU", "RNN", Quantized];

    public void Apply(OperatorCall call)
    {
        var isBatchFirst = call.Integer("layout", 0) != 0;
        var rows = isBatchFirst ? Swapped(call.Labels(0)) : call.Labels(0);
        var directions = call.Input(1).Shape[0];
        var lanes = new List<Steps>();
        for (var direction = 0; direction < directions; direction++)
        {
            lanes.Add(Run(call, rows, direction, isBatchFirst));
        }

        var (length, batch) = (rows.Shape[0], rows.Shape[1]);
        var hidden = lanes[0].Hidden[0].Length / Math.Max(batch, 1);
        int[][] all = [.. Enumerable.Range(0, length).SelectMany(step => lanes.Select(lane => lane.Hidden[step]))];
        var made = new LabelValue([length, directions, batch, hidden], [.. all.SelectMany(step => step)]);
        call.Set(0, isBatchFirst ? Turned(made, 2, 0, 1, 3) : made);
        call.Set(1, Last(lanes.Select(lane => lane.Last), batch, hidden, isBatchFirst));
        call.Set(2, Last(lanes.Select(lane => lane.Cell), batch, hidden, isBatchFirst));
    }

    private sealed record Steps(int[][] Hidden, int[] Last, int[] Cell);

    private static Steps Run(OperatorCall call, LabelValue rows, int direction, bool isBatchFirst)
    {
        var (length, batch) = (rows.Shape[0], rows.Shape[1]);
        var hidden = (int)call.Integer("hidden_size", 0);
        var layer = new RecurrentLayer(call, direction, hidden);
        var isBackward = direction == 1 || call.Text("direction", "forward") == "reverse";
        var state = Initial(call, 5, direction, batch, hidden, isBatchFirst);
        var cell = Initial(call, 6, direction, batch, hidden, isBatchFirst);
        if (call.Optional(5) is null or KnownValue)
        {
            // Zeros are like some state, so that units hang together however short the sequence is.
            (state, cell) = layer.Step(Row(rows, 0), state, cell);
        }

        var made = new int[length][];
        for (var step = 0; step < length; step++)
        {
            var place = isBackward ? length - 1 - step : step;
            (state, cell) = layer.Step(Row(rows, place), state, cell);
            made[place] = state;
        }

        // Shorter sequences end before: what is last is one of all.
        var isLast = call.Optional(4) is null;
        var last = isLast ? state : CellWise.Ordered(call.Store, call.Kind("last of"), made);
        return new Steps(made, last, isLast ? cell : CellWise.Ordered(call.Store, call.Kind("cell of"), [last, cell]));
    }

    // [batch, in] of one step.
    private static LabelValue Row(LabelValue rows, int step)
    {
        var size = rows.Shape[1] * rows.Shape[2];
        return new LabelValue(rows.Shape[1..], rows.Labels.AsSpan(step * size, size).ToArray());
    }

    private static int[] Initial(
        OperatorCall call, int input, int direction, int batch, int hidden, bool isBatchFirst)
    {
        if (call.Optional(input) is not { } given)
        {
            var zeros = new int[batch * hidden];
            Array.Fill(zeros, call.Store.Constant(0));
            return zeros;
        }

        var states = isBatchFirst ? Swapped(call.Labels(given)) : call.Labels(given);
        return states.Labels.AsSpan(direction * batch * hidden, batch * hidden).ToArray();
    }

    private static LabelValue Last(IEnumerable<int[]> states, int batch, int hidden, bool isBatchFirst)
    {
        int[][] all = [.. states];
        var value = new LabelValue([all.Length, batch, hidden], [.. all.SelectMany(state => state)]);
        return isBatchFirst ? Swapped(value) : value;
    }

    private static LabelValue Swapped(LabelValue value) => Turned(value, 1, 0, 2);

    private static LabelValue Turned(LabelValue value, params int[] order) =>
        (LabelValue)Moves.ByAxes(value, Array.ConvertAll(order, axis => AxisPick.All(axis, value.Shape[axis])));
}
