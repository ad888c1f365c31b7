using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>ONNX Runtime's MultiHeadAttention and its form for single steps: projections come from outside.</summary>
/// <remarks>Inputs of the first: 0 query, 1 key, 2 value, 3 bias, 4 key_padding_mask, 5 attention_bias, 6 past_key, 7
/// past_value. Of the second: 0 query, 1 key, 2 value, 3 mask_index, 4 attention_bias, 5 past_key, 6 past_value, 10
/// bias.</remarks>
internal sealed class MultiHeadAttentionRule : IOperatorRule
{
    private const string Masked = "com.microsoft.DecoderMaskedMultiHeadAttention";
    private const int ScoresOutput = 3;

    public IEnumerable<string> Operators => ["com.microsoft.MultiHeadAttention", Masked];

    public void Apply(OperatorCall call)
    {
        var isMasked = call.Operation == Masked;
        var heads = (int)call.Integer("num_heads", 1);
        var (query, key, value) = Projections(call, heads, call.Optional(isMasked ? 10 : 3));
        var pastInput = isMasked ? 5 : 6;
        var past = call.Optional(pastInput) is { } keys ? call.Labels(keys) : null;
        var isCross = isMasked && call.Input(1).Rank == 4;
        if (past is not null && !isCross)
        {
            key = Heads.Append(past, key);
            value = Heads.Append(call.Labels(pastInput + 1), value);
        }

        var attention = new AttentionCore(call, key, value) { Bias = call.Optional(isMasked ? 4 : 5) };
        call.Set(0, Heads.Merge(attention.Attend(query)));
        call.Set(1, key);
        call.Set(2, value);
        if (call.Wants(ScoresOutput))
        {
            call.Set(ScoresOutput, attention.Scores(query));
        }
    }

    private static (LabelValue Query, LabelValue Key, LabelValue Value) Projections(
        OperatorCall call, int heads, Value? bias)
    {
        var query = call.Labels(0);
        if (query.Rank == 5)
        {
            return bias is null
                ? (Packed(query, 0), Packed(query, 1), Packed(query, 2))
                : throw new NotSupportedException($"{call.Operation} with packed projections and a bias");
        }

        var width = query.Shape[2];
        query = Heads.Split(Biased(call, query, bias, 0), heads);
        if (call.Optional(1) is not { } key)
        {
            throw new NotSupportedException($"{call.Operation} without keys");
        }

        if (key.Rank == 5)
        {
            return (query, Packed(call.Labels(key), 0), Packed(call.Labels(key), 1));
        }

        return key.Rank == 4
            ? (query, call.Labels(key), call.Labels(2))
            : (query,
                Heads.Split(Biased(call, call.Labels(key), bias, width), heads),
                Heads.Split(Biased(call, call.Labels(2), bias, width + key.Shape[2]), heads));
    }

    // [batch, seq, heads, parts, channels]
    private static LabelValue Packed(LabelValue value, int part)
    {
        var axes = Enumerable.Range(0, 5).Select(axis => AxisPick.All(axis, value.Shape[axis])).ToArray();
        return (LabelValue)Moves.ByAxes(
            value, [axes[0], axes[2], axes[1], axes[4]], new Dictionary<int, int> { [3] = part });
    }

    private static LabelValue Biased(OperatorCall call, LabelValue value, Value? bias, int start) => bias is null
        ? value
        : NormalizationRule.FeatureWise(call, "Add", value, Moves.ByAxes(
            bias, [new AxisPick(0, [.. Enumerable.Range(start, value.Shape[^1])])]));
}
