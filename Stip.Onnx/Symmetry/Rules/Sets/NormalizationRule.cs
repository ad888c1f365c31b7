using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Sets;

/// <summary>
/// Layer and root-mean-square normalisation over the last axes, then a factor and a summand for every feature.
/// </summary>
internal sealed class NormalizationRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["LayerNormalization", "SimplifiedLayerNormalization", "RMSNormalization"];

    public void Apply(OperatorCall call) =>
        Normalize(call, call.Labels(0), call.Optional(1), call.Optional(2), firstSet: 1);

    /// <summary>Sets output 0 to the normalised tensor, and mean and deviation where the graph wants them.</summary>
    public static void Normalize(OperatorCall call, LabelValue value, Value? factor, Value? summand, int firstSet)
    {
        var first = Shapes.Axis(call.Integer("axis", -1), value.Rank);
        int[] axes = [.. Enumerable.Range(first, value.Rank - first)];
        var result = AgainstSet.Label(call, value, axes);
        result = factor is null ? result : FeatureWise(call, "Mul", result, factor);
        call.Set(0, summand is null ? result : FeatureWise(call, "Add", result, summand));
        for (var output = firstSet; output < firstSet + 2; output++)
        {
            if (call.Wants(output))
            {
                call.Set(output, AgainstSet.Sets(call, value, axes, $"{call.Operation} output {output}"));
            }
        }
    }

    /// <summary>A commutative operation with a tensor that is stretched over the leading axes.</summary>
    public static LabelValue FeatureWise(OperatorCall call, string operation, LabelValue value, Value operand) =>
        Elementwise.Combine(call, call.Store.Kinds.Id(operation), [value, operand], commutes: true);
}
