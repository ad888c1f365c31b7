using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>MiniCPM: Llama with factors on embeddings, block outputs and logits.</summary>
internal sealed class MiniCpm : IArchitecture
{
    public string Name => "MiniCPMForCausalLM";

    public string ModelType => "minicpm";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        RefuseLongTexts(config, checkpoint.MostPositions ?? shape.ContextLength);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight")
        {
            EmbeddingScale = config.Positive("scale_emb", 1),
        };
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = GatedFeedForward.Read(config);
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
        };
        var share = config.Positive("scale_depth", 1) / Math.Sqrt(shape.Layers);

        foreach (var layer in model.Layers("model.layers"))
        {
            var given = attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn");
            layer.Add(model.Scaled(layer.Name("attention_share"), given, share));
            given = mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp");
            layer.Add(model.Scaled(layer.Name("mlp_share"), given, share));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", true));
        return model.Finish(
            norm, "model.norm", head with { Scale = config.Positive("dim_model_base", 1) / shape.HiddenSize });
    }

    // Where texts are longer, layers pick the blocks of keys that they see.
    private static void RefuseLongTexts(ConfigJson config, int positions)
    {
        if (config.Section("sparse_config") is { } sparse && (sparse.FindSize("dense_len") ?? 8192) is var dense
            && positions >= dense)
        {
            throw new RefusedException($"config.json: sparse_config has layers pick keys from a text of {dense} "
                + $"tokens on (dense_len), which is not supported; give --context-length 1..{dense - 1}");
        }
    }
}
