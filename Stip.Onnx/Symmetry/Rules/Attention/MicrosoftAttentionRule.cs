using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>ONNX Runtime's Attention: projections, attention and cache in one operator.</summary>
/// <remarks>Inputs: 0 input, 1 weights <c>[hidden, q + k + v]</c>, 2 bias, 3 mask_index, 4 past <c>[2, batch, heads,
/// past, head_dim]</c>, 5 attention_bias, 6 past_sequence_length. The quantised form has scales at 3 and 4, zero points
/// at 6 and 7, past at 8.</remarks>
internal sealed class MicrosoftAttentionRule : IOperatorRule
{
    private const string Quantized = "com.microsoft.QAttention";

    public IEnumerable<string> Operators => ["com.microsoft.Attention", Quantized];

    public void Apply(OperatorCall call)
    {
        if (call.Integer("do_rotary", 0) != 0 || call.Integer("past_present_share_buffer", 0) != 0)
        {
            throw new NotSupportedException("Attention with rotary embedding or a shared buffer inside");
        }

        var heads = (int)call.Integer("num_heads", 1);
        var projected = MatMulRule.Multiply(call, call.Input(0), call.Input(1));
        var isQuantized = call.Operation == Quantized;
        foreach (var factor in isQuantized ? [3, 4, 6, 7] : Array.Empty<int>())
        {
            projected = call.Optional(factor) is { } given
                ? Elementwise.Combine(call, call.Kind("factor"), [projected, given])
                : projected;
        }

        if (call.Optional(2) is { } bias)
        {
            projected = NormalizationRule.FeatureWise(call, "Add", projected, bias);
        }

        var widths = call.Integers("qkv_hidden_sizes") is { Count: 3 } sizes
            ? sizes.Select(size => (int)size).ToArray()
            : [.. Enumerable.Repeat(projected.Shape[2] / 3, 3)];
        var query = Heads.Split(projected, heads, 0, widths[0] / heads);
        var key = Heads.Split(projected, heads, widths[0], widths[1] / heads);
        var value = Heads.Split(projected, heads, widths[0] + widths[1], widths[2] / heads);
        if (call.Optional(isQuantized ? 8 : 4) is { } past)
        {
            var caches = call.Labels(past);
            (key, value) = (Heads.Append(Part(caches, 0), key), Heads.Append(Part(caches, 1), value));
        }

        var attention = new AttentionCore(call, key, value)
        {
            Bias = isQuantized ? null : call.Optional(5),
        };
        call.Set(0, Heads.Merge(attention.Attend(query)));
        if (call.Wants(1))
        {
            call.Set(1, ConcatRule.Concat([Stacked(key), Stacked(value)], 0));
        }
    }

    private static LabelValue Part(LabelValue caches, int part)
    {
        var size = caches.Labels.Length / 2;
        return new LabelValue(caches.Shape[1..], caches.Labels.AsSpan(part * size, size).ToArray());
    }

    private static LabelValue Stacked(LabelValue value) => value with { Shape = [1, .. value.Shape] };
}
