using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Tests.Checkpoints;

public sealed class UnusedTensorsTests
{
    private static readonly HashSet<string> Used =
    [
        "model.layers.0.mlp.up_proj.weight", "h.1.attn.c_attn.weight",
        "decoder.block.0.layer.1.EncDecAttention.q.weight",
    ];

    [Theory]
    [InlineData("model.layers.0.mlp.up_proj.bias", 8)]
    [InlineData("h.1.attn.bias", 8)]
    public void Sort_OfAWeightInALayerThatIsUsed_RefusesIt(string name, params int[] shape) => Assert.Contains(
        $"tensor '{name}' has no place",
        Assert.Throws<RefusedException>(() => Sort(name, shape)).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("model.layers.1.mlp.up_proj.weight", true, 8, 8)]
    [InlineData("pooler.dense.weight", true, 8, 8)]
    [InlineData("h.1.attn.bias", false, 1, 1, 8, 8)]
    [InlineData("model.layers.0.self_attn.rotary_emb.inv_freq", false, 4)]
    [InlineData("model.layers.0.self_attn.rotary_emb.cos_cached", false, 1, 1, 8, 4)]
    [InlineData("model.layers.0.self_attn.rotary_emb.sin_cached", false, 1, 1, 8, 4)]
    [InlineData("h.1.attn.causal_mask", false, 1, 1, 8, 8)]
    [InlineData("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight", false, 32, 8)]
    public void Sort_OfOtherTensors_NamesWhatIsNotComputed(string name, bool isNamed, params int[] shape) =>
        Assert.Equal(isNamed ? [name] : [], Sort(name, shape));

    private static IReadOnlyList<string> Sort(string name, int[] shape) =>
        UnusedTensors.Sort([new Named(name, [.. shape.Select(length => (long)length)])], Used);

    private sealed record Named(string Own, IReadOnlyList<long> Axes)
        : CheckpointTensor(Own, TensorDtype.Float32, Axes)
    {
        public override void Read(long firstElement, Span<float> values) => throw new NotSupportedException();
    }
}
