using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>GPT-Neo: GPT-2 with unscaled scores, in which every other layer is local.</summary>
internal sealed class GptNeo : IArchitecture
{
    private const int DefaultWindow = 256;

    public string Name => "GPTNeoForCausalLM";

    public string ModelType => "gpt_neo";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: 0);
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.wte.weight")
        {
            Positions = checkpoint.Tensors.Require("transformer.wpe.weight", shape.ContextLength, shape.HiddenSize),
        };
        var norm = Norm.Layer(config.Positive("layer_norm_epsilon", 1e-5));
        var mlp = new PlainFeedForward(
            config.FindSize("intermediate_size") ?? 4 * shape.HiddenSize,
            config.Text("activation_function") ?? "gelu_new",
            "c_fc",
            "c_proj");
        var kinds = config.Texts("attention_layers") is { Count: > 0 } listed
            ? listed
            : config.Repeated("attention_types");
        var window = config.FindSize("window_size") ?? DefaultWindow;
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: false), new OutputProjection("out_proj", HasBias: true))
        {
            Scale = 1,
        };

        foreach (var layer in model.Layers("transformer.h"))
        {
            var isLocal = kinds.Count > layer.Index ? kinds[layer.Index] == "local" : layer.Index % 2 == 1;
            var own = attention with { Window = isLocal ? window : null };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "ln_1"), "attn.attention"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "ln_2"), "mlp"));
        }

        return model.Finish(norm, "transformer.ln_f", model.Head(config.Flag("tie_word_embeddings", true)));
    }
}
