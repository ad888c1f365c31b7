using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Cells;

/// <summary>Functions of cells on integers: with scales and zero points of whole tensors before and after.</summary>
internal sealed class QuantizedElementwiseRule : IOperatorRule
{
    public IEnumerable<string> Operators =>
    [
        "com.microsoft.QLinearAdd", "com.microsoft.QLinearMul", "com.microsoft.QLinearSigmoid",
        "com.microsoft.QLinearLeakyRelu", "com.microsoft.QLinearWhere", "com.microsoft.QLinearSoftmax",
        "com.microsoft.QLinearReduceMean", "com.microsoft.QLinearGlobalAveragePool", "com.microsoft.QLinearConcat",
    ];

    public void Apply(OperatorCall call)
    {
        switch (call.Operation)
        {
            case "com.microsoft.QLinearSoftmax":
                var value = call.Labels(0);
                var axis = Shapes.Axis(call.Integer("axis", -1), value.Rank);
                call.Set(0, With(call, AgainstSet.Label(call, value, [axis]), 1));
                break;
            case "com.microsoft.QLinearReduceMean":
                Reduce(call, call.Integers("axes")?.Select(a => (int)a).ToArray(), call.Integer("keepdims", 1) != 0);
                break;
            case "com.microsoft.QLinearGlobalAveragePool":
                var isLast = call.Integer("channels_last", 0) != 0;
                Reduce(call, [.. Enumerable.Range(isLast ? 1 : 2, call.Labels(0).Rank - 2)], keeps: true);
                break;
            case "com.microsoft.QLinearConcat":
                var parts = Enumerable.Range(0, (call.Inputs.Count - 2) / 3).Select(part => (Value)Elementwise.Combine(
                    call, call.Kind("part"), [.. Enumerable.Range(2 + (3 * part), 3).Select(call.Input)]));
                call.Set(0, ConcatRule.Concat([.. parts], Shapes.Axis(call.Integer("axis", 0), call.Input(2).Rank)));
                break;
            default:
                call.Set(0, Elementwise.Combine(call, call.Kind(), [.. call.Inputs.OfType<Value>()]));
                break;
        }
    }

    private static void Reduce(OperatorCall call, int[]? axes, bool keeps)
    {
        var value = call.Labels(0);
        int[] along = axes is null ? [.. Enumerable.Range(0, value.Rank)]
            : Array.ConvertAll(axes, axis => Shapes.Axis(axis, value.Rank));
        var sets = With(call, AgainstSet.Sets(call, value, along, call.Operation), 1);
        call.Set(0, keeps ? sets : sets with
        {
            Shape = [.. Enumerable.Range(0, value.Rank).Except(along).Select(axis => value.Shape[axis])],
        });
    }

    private static LabelValue With(OperatorCall call, LabelValue value, int first) => Elementwise.Combine(
        call, call.Kind("factors"), [value, .. call.Inputs.Skip(first).OfType<Value>()]);
}
