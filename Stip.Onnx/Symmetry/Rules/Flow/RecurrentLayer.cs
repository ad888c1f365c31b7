using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Flow;

/// <summary>One direction of a recurrent layer.</summary>
/// <param name="call">The operator.</param>
/// <param name="direction">Which of its directions.</param>
/// <param name="hidden">Hidden units.</param>
internal sealed class RecurrentLayer(OperatorCall call, int direction, int hidden)
{
    private readonly bool _isQuantized = call.Operation.EndsWith("DynamicQuantizeLSTM", StringComparison.Ordinal);
    private readonly int _gates = call.Operation.EndsWith("LSTM", StringComparison.Ordinal) ? 4
        : call.Operation == "GRU" ? 3
        : 1;

    /// <summary>One step.</summary>
    /// <param name="input"><c>[batch, in]</c>.</param>
    /// <param name="state"><c>[batch, hidden]</c>.</param>
    /// <param name="cell"><c>[batch, hidden]</c>; a layer without cells leaves it as it is.</param>
    public (int[] State, int[] Cell) Step(LabelValue input, int[] state, int[] cell)
    {
        var batch = input.Shape[0];
        var before = new LabelValue([batch, hidden], state);
        int[][] gates = [.. Enumerable.Range(0, _gates).SelectMany(gate => new[]
        {
            Gate(input, 1, gate, 0), Gate(before, 2, gate, _gates),
        })];
        var store = call.Store;
        if (_gates == 1)
        {
            return (CellWise.Ordered(store, call.Kind("state"), gates), cell);
        }

        if (_gates == 3)
        {
            return Gru(gates, state, batch, cell);
        }

        int[][] peepholes = call.Optional(7) is { } peephole
            ? [.. Enumerable.Range(0, 3).Select(part => Spread(Part(peephole, part), batch))]
            : [];
        var made = CellWise.Ordered(store, call.Kind("cell"), [.. gates, cell, .. peepholes]);
        return (CellWise.Ordered(store, call.Kind("state"), [gates[2], gates[3], made, .. peepholes]), made);
    }

    // The reset gate may come before the product: then a unit hangs on the resets of all units.
    private (int[] State, int[] Cell) Gru(int[][] gates, int[] state, int batch, int[] cell)
    {
        if (call.Integer("linear_before_reset", 0) == 0)
        {
            var reset = CellWise.Ordered(call.Store, call.Kind("reset"), gates[2], gates[3], state);
            gates[5] = Gate(new LabelValue([batch, hidden], reset), 2, 2, _gates);
        }

        return (CellWise.Ordered(call.Store, call.Kind("state"), [.. gates, state]), cell);
    }

    // [batch, hidden] of one gate: rows times its part of the matrix, and its bias.
    private int[] Gate(LabelValue rows, int matrix, int gate, int biases)
    {
        var weight = call.Input(matrix);
        var (units, inner) = _isQuantized ? (2, 1) : (1, 2);
        var part = Moves.ByAxes(
            weight,
            [AxisPick.All(inner, weight.Shape[inner]), new AxisPick(units, Units(gate))],
            new Dictionary<int, int> { [0] = direction });
        var product = MatMulRule.Multiply(call, rows, part);
        for (var factor = 6 + (2 * matrix); _isQuantized && factor < 8 + (2 * matrix); factor++)
        {
            product = call.Optional(factor) is { } given
                ? Elementwise.Combine(
                    call, call.Kind("factor"), [product, given.Rank < 2 ? Whole(given) : Part(given, gate)])
                : product;
        }

        return call.Optional(3) is { } bias
            ? NormalizationRule.FeatureWise(call, "Add", product, Part(bias, biases + gate)).Labels
            : product.Labels;
    }

    private Value Part(Value vector, int part) => Moves.ByAxes(
        vector, [new AxisPick(1, Units(part))], new Dictionary<int, int> { [0] = direction });

    // One number for a direction.
    private Value Whole(Value numbers) => numbers.Count < 2 ? numbers
        : Moves.ByAxes(numbers, [], new Dictionary<int, int> { [0] = direction });

    private int[] Units(int part) => [.. Enumerable.Range(part * hidden, hidden)];

    private int[] Spread(Value vector, int batch)
    {
        var labels = call.Labels(vector).Labels;
        return [.. Enumerable.Repeat(labels, batch).SelectMany(row => row)];
    }
}
