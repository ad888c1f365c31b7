using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Gemma 2: scaled embeddings, norms before and after each block whose factors are stored as differences from
/// 1, scores and logits bent below a cap, every other layer local.</summary>
internal sealed class Gemma2(string name, string modelType, bool hasNormsAfter) : IArchitecture
{
    private const int DefaultHeadDim = 256;
    private const int DefaultWindow = 4096;

    public Gemma2()
        : this("Gemma2ForCausalLM", "gemma2", hasNormsAfter: true)
    {
    }

    /// <summary>The same without norms after its blocks.</summary>
    public static Gemma2 Vault => new("VaultGemmaForCausalLM", "vaultgemma", hasNormsAfter: false);

    public string Name => name;

    public string ModelType => modelType;

    /// <summary>The feed-forward part, whose function has a field of its own from here on: <c>hidden_act</c> beside it
    /// says nothing.</summary>
    public static GatedFeedForward FeedForward(ConfigJson config)
    {
        const string function = "gelu_pytorch_tanh";
        return GatedFeedForward.Read(config) with { Function = config.Text("hidden_activation") ?? function };
    }

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, defaultHeadDim: DefaultHeadDim);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight")
        {
            EmbeddingScale = MathF.Sqrt(shape.HiddenSize),
        };
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6)) with { Offset = 1 };
        var mlp = FeedForward(config);
        var windows = AttentionWindows.Read(config, shape, layer => layer % 2 == 0, DefaultWindow);
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
            Scale = 1 / Math.Sqrt(config.Positive("query_pre_attn_scalar", DefaultHeadDim)),
            Softcap = config.Cap("attn_logit_softcapping", 50),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with { Window = windows[layer.Index] };
            var attended = own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn");
            layer.Add(hasNormsAfter
                ? layer.Normed(norm, "attention_after", "post_attention_layernorm", attended)
                : attended);
            var moved = mlp.Append(layer, layer.Normed(norm, "mlp_norm", "pre_feedforward_layernorm"), "mlp");
            layer.Add(hasNormsAfter ? layer.Normed(norm, "mlp_after", "post_feedforward_layernorm", moved) : moved);
        }

        var head = model.Head(config.Flag("tie_word_embeddings", true));
        return model.Finish(norm, "model.norm", head with { Softcap = config.Cap("final_logit_softcapping", 30) });
    }
}
