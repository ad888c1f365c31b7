using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Picking;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Sets;

/// <summary>ONNX Runtime's sum of token, position and segment rows, normalised.</summary>
/// <remarks>Inputs: 0 input_ids, 1 segment_ids, 2 word, 3 position, 4 segment embedding, 5 gamma, 6 beta, 7 mask, 8
/// position_ids. The quantised form has scales and zero points of whole tensors from 8 on.</remarks>
internal sealed class EmbedNormalizationRule : IOperatorRule
{
    private const string Quantized = "com.microsoft.QEmbedLayerNormalization";

    public IEnumerable<string> Operators => ["com.microsoft.EmbedLayerNormalization", Quantized];

    public void Apply(OperatorCall call)
    {
        var ids = call.Known(0);
        double[] numbers = [.. Enumerable.Range(0, ids.Count).Select(i => (double)(i % ids.Shape[^1]))];
        var places =
            (call.Operation == Quantized ? null : call.Optional(8) as KnownValue)
            ?? new KnownValue(ids.Shape, numbers, ids.Type, KnownOrigin.Sizes);
        var sum = Add(call, Rows(call, 2, ids), Rows(call, 3, places));
        if (call.Optional(4) is not null && call.Optional(1) is KnownValue segments)
        {
            sum = Add(call, sum, Rows(call, 4, segments));
        }

        NormalizationRule.Normalize(call, sum, call.Optional(5), call.Optional(6), firstSet: int.MaxValue - 2);
        call.Set(1, new KnownValue([ids.Shape[0]], new double[ids.Shape[0]], ids.Type, KnownOrigin.Caller));
        call.Set(2, sum);
    }

    private static LabelValue Rows(OperatorCall call, int table, KnownValue indices) =>
        call.Labels(GatherRule.ByKnown(call, call.Input(table), 0, indices));

    private static LabelValue Add(OperatorCall call, LabelValue left, LabelValue right) =>
        Elementwise.Combine(call, call.Store.Kinds.Id("Add"), [left, right], commutes: true);
}
