using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>Every cell against the set of cells along an axis.</summary>
internal sealed class SoftmaxRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Softmax", "LogSoftmax", "LpNormalization"];

    public void Apply(OperatorCall call)
    {
        var value = call.Labels(0);
        var axis = Shapes.Axis(call.Integer("axis", -1), value.Rank);
        call.Set(0, AgainstSet.Label(call, value, [axis]));
    }
}
