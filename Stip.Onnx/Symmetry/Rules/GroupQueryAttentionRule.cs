using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>
/// ONNX Runtime's GroupQueryAttention: projections packed or apart, rotary embedding inside or before, a cache that
/// grows or
/// one buffer for past and present; window, softcap, smooth softmax and sinks.
/// </summary>
/// <remarks>Inputs: 0 query or packed QKV, 1 key, 2 value, 3 past_key, 4 past_value, 5 seqlens_k, 6
/// total_sequence_length,
/// 7 cos_cache, 8 sin_cache, 9 position_ids, 10 attention_bias, 11 head_sink; later ones quantise the cache.</remarks>
internal sealed class GroupQueryAttentionRule : IOperatorRule
{
    private const int FirstQuantizationInput = 12;
    private const int ScoresOutput = 3;

    public IEnumerable<string> Operators => ["com.microsoft.GroupQueryAttention"];

    public void Apply(OperatorCall call)
    {
        if (Enumerable.Range(FirstQuantizationInput, 4).Any(input => call.Optional(input) is not null)
            || call.Wants(ScoresOutput))
        {
            throw new NotSupportedException("GroupQueryAttention with a quantised cache or its scores as an output");
        }

        var heads = (int)call.Integer("num_heads", 0);
        var groups = (int)call.Integer("kv_num_heads", 0);
        var (query, key, value) = Projections(call, heads, groups);
        if (call.Integer("do_rotary", 0) != 0)
        {
            var rotary = Rotary.Of(call, 7, 8, call.Integer("rotary_interleaved", 0) != 0);
            (query, key) = (Turned(call, query, rotary), Turned(call, key, rotary));
        }

        var presentKey = Present(call, key, 3);
        var presentValue = Present(call, value, 4);
        call.Set(0, Attend(call, query, presentKey, presentValue));
        call.Set(1, presentKey);
        call.Set(2, presentValue);
    }

    // Each as [batch, heads, seq, head_dim].
    private static (LabelValue Query, LabelValue Key, LabelValue Value) Projections(
        OperatorCall call, int heads, int groups)
    {
        var query = call.Labels(0);
        if (call.Optional(1) is not null)
        {
            return (ByHeads(query, heads, 0), ByHeads(call.Labels(1), groups, 0), ByHeads(call.Labels(2), groups, 0));
        }

        var channels = query.Shape[2] / (heads + (2 * groups));
        return (
            ByHeads(query, heads, 0, channels),
            ByHeads(query, groups, heads * channels, channels),
            ByHeads(query, groups, (heads + groups) * channels, channels));
    }

    private static LabelValue ByHeads(LabelValue value, int heads, int start, int channels = 0)
    {
        channels = channels > 0 ? channels : value.Shape[2] / heads;
        var (batch, length, width) = (value.Shape[0], value.Shape[1], value.Shape[2]);
        int[] shape = [batch, heads, length, channels];
        return new LabelValue(shape, Array.ConvertAll(
            Shapes.Walk(shape, [length * width, channels, width, 1], start), cell => value.Labels[cell]));
    }

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
    private static LabelValue Present(OperatorCall call, LabelValue added, int pastInput)
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

        var total = (int)call.Known(6).Numbers[0];
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

    private static LabelValue Attend(OperatorCall call, LabelValue query, LabelValue keys, LabelValue values)
    {
        var (batch, heads, length, channels) = (query.Shape[0], query.Shape[1], query.Shape[2], query.Shape[3]);
        var groups = keys.Shape[1];
        var labels = new int[query.Labels.Length]; // [batch, seq, heads * head_dim]
        var name = call.Store.Kinds.Name(call.Kind());
        var sinks = call.Optional(11) is { } sink ? call.Labels(sink).Labels : null;
        var memo = new Dictionary<(int Row, int Head), int[]>();
        var rows = new UniqueRows(query.Labels, channels);
        for (var entry = 0; entry < batch; entry++)
        {
            memo.Clear();
            for (var head = 0; head < heads; head++)
            {
                var group = (entry * groups) + (head / (heads / groups));
                var attention = new AttentionHeads(call.Store, name, Lane(keys, group), Lane(values, group));
                var extras = Bias(call, entry, head);
                for (var row = 0; row < length; row++)
                {
                    var id = rows.Ids[(((entry * heads) + head) * length) + row];
                    if (!memo.TryGetValue((id, head), out var made))
                    {
                        memo.Add((id, head), made = attention.Attend(rows[id], extras, sinks?[head]));
                    }

                    made.CopyTo(labels, (((entry * length) + row) * heads * channels) + (head * channels));
                }
            }
        }

        return new LabelValue([batch, length, heads * channels], labels);
    }

    private static LabelValue Lane(LabelValue cache, int lane)
    {
        var size = cache.Shape[2] * cache.Shape[3];
        return new LabelValue([cache.Shape[2], cache.Shape[3]], cache.Labels.AsSpan(lane * size, size).ToArray());
    }

    // A bias of numbers that all heads share depends on positions only.
    private static int[] Bias(OperatorCall call, int entry, int head)
    {
        if (call.Optional(10) is not { } bias || (bias is KnownValue && bias.Shape[1] == 1))
        {
            return [];
        }

        var labels = call.Labels(bias);
        var size = bias.Shape[2] * bias.Shape[3];
        var lane = (Math.Min(entry, bias.Shape[0] - 1) * bias.Shape[1]) + Math.Min(head, bias.Shape[1] - 1);
        return [call.Store.Ordered(call.Store.Kinds.Id("bias of a head"), labels.Labels.AsSpan(lane * size, size))];
    }
}
