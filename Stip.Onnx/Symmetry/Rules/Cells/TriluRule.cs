using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Cells;

/// <summary>One triangle of a matrix kept, the other zero.</summary>
internal sealed class TriluRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Trilu", "com.microsoft.Trilu"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var diagonal = call.Optional(1) is null ? 0 : call.Known(1).Integers[0];
        var upper = call.Integer("upper", 1) != 0;
        var (rows, columns) = (value.Shape[^2], value.Shape[^1]);
        bool[] isKept = [.. Enumerable.Range(0, value.Count).Select(cell =>
        {
            var offset = (cell % columns) - (cell / columns % rows);
            return upper ? offset >= diagonal : offset <= diagonal;
        })];
        if (value is KnownValue known)
        {
            call.Set(0, known with { Numbers = [.. known.Numbers.Select((n, cell) => isKept[cell] ? n : 0)] });
            return;
        }

        var zero = call.Store.Constant(0);
        call.Set(0, new LabelValue(
            value.Shape, [.. call.Labels(value).Labels.Select((label, cell) => isKept[cell] ? label : zero)]));
    }
}
