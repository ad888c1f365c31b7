using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>Windows over positions reduced to one cell, channel by channel.</summary>
internal sealed class PoolRule : IOperatorRule
{
    public IEnumerable<string> Operators =>
        ["AveragePool", "MaxPool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"];

    public void Apply(OperatorCall call)
    {
        if (call.Wants(1))
        {
            throw new NotSupportedException($"{call.Operation} with the places of its maxima");
        }

        call.Set(0, Pool(call, call.Labels(0)));
    }

    /// <summary>Windows over <c>[batch, C, …]</c>, or all of it where the operator is a global one.</summary>
    public static LabelValue Pool(OperatorCall call, LabelValue value)
    {
        if (call.Operation.StartsWith("Global", StringComparison.Ordinal))
        {
            var power = call.Attribute("p") is { } p ? $"{call.Operation} {p.I}" : call.Operation;
            return AgainstSet.Sets(call, value, [.. Enumerable.Range(2, value.Rank - 2)], power);
        }

        var windows = Windows.Of(call, value.Shape[2..], call.Integers("kernel_shape")!.Select(n => (int)n).ToArray());
        var inner = Shapes.Count(value.Shape.AsSpan(2));
        var channels = value.Shape[0] * value.Shape[1];
        var labels = new int[channels * windows.Cells.Length];
        for (var place = 0; place < windows.Cells.Length; place++)
        {
            int[][] cells = [.. windows.Cells[place].Where(cell => cell >= 0).Select(cell =>
                Enumerable.Range(0, channels).Select(channel => value.Labels[(channel * inner) + cell]).ToArray())];
            var made = CellWise.Unordered(call.Store, call.Kind(), cells);
            for (var channel = 0; channel < channels; channel++)
            {
                labels[(channel * windows.Cells.Length) + place] = made[channel];
            }
        }

        return new LabelValue([value.Shape[0], value.Shape[1], .. windows.Shape], labels);
    }
}
