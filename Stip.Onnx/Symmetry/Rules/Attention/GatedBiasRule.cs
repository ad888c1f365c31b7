using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>ONNX Runtime's relative bias under a gate that every query computes.</summary>
/// <remarks>Inputs: 0 query_layer <c>[batch, seq, hidden]</c>, 1 query_bias, 2 rel_pos <c>[1, heads, seq, seq]</c>, 3
/// weight <c>[head_dim, D]</c>, 4 bias, 5 eco_a <c>[1, heads, 1, 1]</c>.</remarks>
internal sealed class GatedBiasRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["com.microsoft.GatedRelativePositionBias"];

    public void Apply(OperatorCall call)
    {
        if (call.Optional(6) is not null)
        {
            throw new NotSupportedException("GatedRelativePositionBias of packed tokens");
        }

        var query = NormalizationRule.FeatureWise(call, "Add", call.Labels(0), call.Input(1));
        var heads = Heads.Split(query, (int)call.Integer("num_heads", 1));
        var made = NormalizationRule.FeatureWise(
            call, "Add", MatMulRule.Multiply(call, heads, call.Input(3)), call.Input(4));
        var half = made.Shape[3] / 2;
        var gates = AgainstSet.Sets(
            call, made with { Shape = [.. made.Shape[..3], 2, half] }, [4], "gate"); // [batch, heads, seq, 2, 1]
        call.Set(0, Elementwise.Combine(
            call, call.Kind(), [Part(gates, 0), Part(gates, 1), call.Input(5), call.Input(2)]));
    }

    private static Value Part(LabelValue gates, int part) => Moves.ByAxes(
        gates,
        [.. Enumerable.Range(0, 5).Where(axis => axis != 3).Select(axis => AxisPick.All(axis, gates.Shape[axis]))],
        new Dictionary<int, int> { [3] = part });
}
