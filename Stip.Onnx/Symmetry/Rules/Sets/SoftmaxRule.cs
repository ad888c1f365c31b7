using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Sets;

/// <summary>Every cell against the set of cells along an axis.</summary>
internal sealed class SoftmaxRule : IOperatorRule
{
    public IEnumerable<string> Operators =>
        ["Softmax", "LogSoftmax", "LpNormalization", "Hardmax", "com.microsoft.BiasSoftmax"];

    public void Apply(OperatorCall call)
    {
        var value = call.Labels(0);
        if (call.Operation == "com.microsoft.BiasSoftmax")
        {
            value = Elementwise.Combine(call, call.Store.Kinds.Id("Add"), [value, call.Input(1)], commutes: true);
        }

        var axis = Shapes.Axis(call.Integer("axis", -1), value.Rank);
        call.Set(0, AgainstSet.Label(call, value, [axis]));
    }
}
