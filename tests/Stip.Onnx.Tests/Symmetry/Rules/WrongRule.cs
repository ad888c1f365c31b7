using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>A rule with a mistake in it.</summary>
/// <param name="right">The rule as it is.</param>
/// <param name="mistake">What is wrong.</param>
internal sealed class WrongRule(IOperatorRule right, WrongRule.Mistake mistake) : IOperatorRule
{
    public enum Mistake
    {
        /// <summary>Every feature is said to be made of what makes another.</summary>
        MirrorsOutputs,

        /// <summary>Outputs are said to depend on nothing.</summary>
        Forgets,
    }

    public IEnumerable<string> Operators => right.Operators;

    public void Apply(OperatorCall call)
    {
        right.Apply(call);
        for (var output = 0; output < call.Outputs.Count; output++)
        {
            if (call.Outputs[output] is { } value)
            {
                call.Set(output, value is SequenceValue list
                    ? new SequenceValue([.. list.Items.Select(item => Spoilt(call, item))])
                    : Spoilt(call, value));
            }
        }
    }

    private Value Spoilt(OperatorCall call, Value value) => mistake == Mistake.MirrorsOutputs
        ? Mirrored(value)
        : new LabelValue(value.Shape, CellWise.Ordered(
            call.Store, call.Store.Kinds.Id("forgotten"), call.Store.Places(value.Count)));

    private static Value Mirrored(Value value) => Moves.ByAxes(value, [.. Enumerable.Range(0, value.Rank)
        .Select(axis => axis == 0 && value.Rank > 1
            ? AxisPick.All(axis, value.Shape[axis])
            : new AxisPick(axis, [.. Enumerable.Range(0, value.Shape[axis]).Reverse()]))]);
}
