using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Convolutions;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Sets;

/// <summary>Normalisation of <c>[batch, channels, positions…]</c>: over positions, over groups of channels, or with
/// numbers that were learned.</summary>
internal sealed class ChannelNormalizationRule : IOperatorRule
{
    public IEnumerable<string> Operators =>
        ["InstanceNormalization", "GroupNormalization", "BatchNormalization", "MeanVarianceNormalization"];

    public void Apply(OperatorCall call)
    {
        var value = call.Labels(0);
        switch (call.Operation)
        {
            case "BatchNormalization":
                call.Set(0, Elementwise.Combine(call, call.Kind(), [
                    value, .. Enumerable.Range(1, 4).Select(i => ConvRule.PerChannel(call.Input(i), value.Rank))]));
                return;
            case "MeanVarianceNormalization":
                int[] axes = call.Integers("axes")?.Select(axis => Shapes.Axis(axis, value.Rank)).ToArray()
                    ?? [0, 2, 3];
                call.Set(0, AgainstSet.Label(call, value, axes));
                return;
            case "InstanceNormalization":
                var spread = AgainstSet.Label(call, value, [.. Enumerable.Range(2, value.Rank - 2)]);
                call.Set(0, Scaled(call, spread, call.Input(1), call.Input(2)));
                return;
            default:
                call.Set(0, ByGroups(call, value));
                return;
        }
    }

    private static LabelValue ByGroups(OperatorCall call, LabelValue value)
    {
        var groups = (int)call.Integer("num_groups", 1);
        int[] shape = [value.Shape[0], groups, value.Shape[1] / groups, .. value.Shape[2..]];
        var split = AgainstSet.Label(
            call, value with { Shape = shape }, [.. Enumerable.Range(2, shape.Length - 2)]);
        if (call.Input(1).Count == value.Shape[1])
        {
            return Scaled(call, split with { Shape = value.Shape }, call.Input(1), call.Input(2));
        }

        // Before opset 21 a factor counts for a whole group.
        return Scaled(call, split, call.Input(1), call.Input(2)) with { Shape = value.Shape };
    }

    private static LabelValue Scaled(OperatorCall call, LabelValue value, Value factor, Value summand)
    {
        var scaled = NormalizationRule.FeatureWise(call, "Mul", value, ConvRule.PerChannel(factor, value.Rank));
        return NormalizationRule.FeatureWise(call, "Add", scaled, ConvRule.PerChannel(summand, value.Rank));
    }
}
