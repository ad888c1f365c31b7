using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>Llama: RMSNorm, rotary positions, grouped key/value heads, SwiGLU.</summary>
internal sealed class Llama : IArchitecture
{
    public string Name => "LlamaForCausalLM";

    public string ModelType => "llama";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = LlamaConfig.Read(checkpoint.Config);
        var tensors = checkpoint.Tensors;
        var tokens = tensors.Require("model.embed_tokens.weight", config.VocabSize, config.HiddenSize);
        var head = config.IsTied ? tokens : tensors.Require("lm_head.weight", config.VocabSize, config.HiddenSize);

        var decoder = new DecoderGraph(tensors, dtype, config.HiddenSize, config.Layers, config.Heads);
        var frequencies = RotaryFrequencies.Read(checkpoint.Config, config.Heads.Dim, config.ContextLength);
        var rotary = RotaryTables.Append(decoder, frequencies, config.ContextLength);
        var attention = new SelfAttention(decoder, config.Heads, rotary);

        var norm = Norm.Rms(config.NormEpsilon);
        var stream = new ResidualStream(decoder); // [batch, seq, hidden]
        for (var layer = 0; layer < config.Layers; layer++)
        {
            AppendLayer(decoder, config, attention, norm, layer, stream);
        }

        var rows = LanguageHead.SelectRows(decoder, stream.Sum("residual"));
        var normed = norm.Append(decoder, "final_norm", "model.norm", rows);
        LanguageHead.Append(decoder, normed, head, config.VocabSize);
        return new ExportedModel(
            decoder,
            config.HiddenSize,
            config.VocabSize,
            config.ContextLength,
            config.IsTied,
            new Dictionary<string, CheckpointTensor> { [EmbeddingManifest.Token] = tokens });
    }

    private static void AppendLayer(
        DecoderGraph decoder, LlamaConfig config, SelfAttention attention, Norm norm, int layer, ResidualStream stream)
    {
        var heads = config.Heads;
        var (name, tensor) = ($"layers.{layer}", $"model.layers.{layer}");

        var normed = stream.Through(norm, $"{name}.attention_norm", $"{tensor}.input_layernorm");
        var packed = PackedProjection.FromLinears(
            decoder, $"{name}.attention.qkv", normed, $"{tensor}.self_attn", heads, config.HasAttentionBias);
        var attended = attention.Append(layer, packed, 1 / Math.Sqrt(heads.Dim));
        var projected = PackedProjection.OutputFromLinear(
            decoder,
            $"{name}.attention.output",
            attended,
            $"{tensor}.self_attn.o_proj",
            heads,
            config.HasAttentionBias);
        stream.Add(projected);

        normed = stream.Through(norm, $"{name}.mlp_norm", $"{tensor}.post_attention_layernorm");
        var transformed = FeedForward.AppendGated(
            decoder, $"{name}.mlp", normed, $"{tensor}.mlp", config.InnerSize, config.Activation, config.HasMlpBias);
        stream.Add(transformed);
    }
}
