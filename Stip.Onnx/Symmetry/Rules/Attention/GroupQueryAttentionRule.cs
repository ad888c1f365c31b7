using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>
/// ONNX Runtime's GroupQueryAttention: projections packed or apart, rotary embedding inside or before, a cache that
/// grows or one buffer for past and present; window, softcap, smooth softmax and sinks. SparseAttention is the same
/// over blocks of positions.
/// </summary>
/// <remarks>Inputs of GroupQueryAttention: 0 query or packed QKV, 1 key, 2 value, 3 past_key, 4 past_value, 5
/// seqlens_k, 6 total_sequence_length, 7 cos_cache, 8 sin_cache, 9 position_ids, 10 attention_bias, 11 head_sink, 12
/// k_scale, 13 v_scale, 14 q_norm_weight, 15 k_norm_weight. SparseAttention has 5 and 6 the layouts of its blocks
/// <c>[layouts, …]</c>, 7 total_sequence_length, 8 the lengths of keys, 9 cos_cache, 10 sin_cache.</remarks>
internal sealed class GroupQueryAttentionRule : IOperatorRule
{
    private const string Sparse = "com.microsoft.SparseAttention";
    private const int FirstQuantizationInput = 12;
    private const int ScoresOutput = 3;

    public IEnumerable<string> Operators => ["com.microsoft.GroupQueryAttention", Sparse];

    public void Apply(OperatorCall call)
    {
        var isSparse = call.Operation == Sparse;
        if (!isSparse
            && Enumerable.Range(FirstQuantizationInput, 2).Any(input => call.Optional(input) is not null))
        {
            throw new NotSupportedException("GroupQueryAttention with a quantised cache");
        }

        var heads = (int)call.Integer("num_heads", 0);
        var groups = (int)call.Integer("kv_num_heads", 0);
        var (query, key, value) = Projections(call, heads, groups);
        (query, key) = isSparse ? (query, key) : (Normalized(call, query, 14), Normalized(call, key, 15));
        if (call.Integer("do_rotary", 0) != 0)
        {
            var angles = isSparse ? 9 : 7;
            var rotary = Rotary.Of(call, angles, angles + 1, call.Integer("rotary_interleaved", 0) != 0);
            (query, key) = (Turned(call, query, rotary), Turned(call, key, rotary));
        }

        var total = isSparse ? 7 : 6;
        var presentKey = Present(call, key, 3, total);
        var presentValue = Present(call, value, 4, total);
        var attention = new AttentionCore(call, presentKey, presentValue)
        {
            Bias = isSparse ? null : call.Optional(10),
            Sinks = isSparse ? null : call.Optional(11),
            Layouts = isSparse ? call.Input(5).Shape[0] : 1,
        };
        call.Set(0, Heads.Merge(attention.Attend(query)));
        call.Set(1, presentKey);
        call.Set(2, presentValue);
        if (call.Wants(ScoresOutput))
        {
            call.Set(ScoresOutput, attention.Scores(query));
        }
    }

    // Each as [batch, heads, seq, head_dim].
    private static (LabelValue Query, LabelValue Key, LabelValue Value) Projections(
        OperatorCall call, int heads, int groups)
    {
        var query = call.Labels(0);
        if (call.Optional(1) is not null)
        {
            return (
                Heads.Split(query, heads), Heads.Split(call.Labels(1), groups), Heads.Split(call.Labels(2), groups));
        }

        var channels = query.Shape[2] / (heads + (2 * groups));
        return (
            Heads.Split(query, heads, 0, channels),
            Heads.Split(query, groups, heads * channels, channels),
            Heads.Split(query, groups, (heads + groups) * channels, channels));
    }

    private static LabelValue Normalized(OperatorCall call, LabelValue value, int factor) =>
        call.Optional(factor) is { } weight
            ? NormalizationRule.FeatureWise(
                call, "Mul", AgainstSet.Label(call, value, [value.Rank - 1]), weight)
            : value;

    private static LabelValue Turned(OperatorCall call, LabelValue value, Rotary rotary)
    {
        var labels = value.Labels.ToArray();
        for (var start = 0; start < labels.Length; start += value.Shape[3])
        {
            rotary.Turn(call.Store, labels.AsSpan(start, value.Shape[3]), rotary.Cosines.Length * 2);
        }

        return new LabelValue(value.Shape, labels);
    }

    // A growing cache becomes longer; in a buffer as long as the present the new rows overwrite what lies after the
    // past.
    private static LabelValue Present(OperatorCall call, LabelValue added, int pastInput, int totalInput)
    {
        if (call.Optional(pastInput) is not LabelValue past || past.Shape[2] == 0)
        {
            return added;
        }

        var (heads, rows, channels) = (added.Shape[1], added.Shape[2], added.Shape[3]);
        if (past.Shape[1] != heads || past.Shape[3] != channels)
        {
            throw new InvalidDataException(
                $"a cache of {past.Shape[1]} heads of {past.Shape[3]}, not {heads} of {channels}");
        }

        var total = (int)call.Known(totalInput).Numbers[0];
        var start = Math.Min(total - rows, past.Shape[2]);
        int[] shape = [added.Shape[0], heads, Math.Max(past.Shape[2], total), channels];
        var labels = new int[Shapes.Count(shape)];
        for (var lane = 0; lane < shape[0] * heads; lane++)
        {
            var target = labels.AsSpan(lane * shape[2] * channels, shape[2] * channels);
            past.Labels.AsSpan(lane * past.Shape[2] * channels, past.Shape[2] * channels).CopyTo(target);
            added.Labels.AsSpan(lane * rows * channels, rows * channels).CopyTo(target[(start * channels)..]);
        }

        return new LabelValue(shape, labels);
    }
}
