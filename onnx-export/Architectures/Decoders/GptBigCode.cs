using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>StarCoder (GPT-BigCode): GPT-2 whose query heads share one key and value head.</summary>
internal sealed class GptBigCode : IArchitecture
{
    public string Name => "GPTBigCodeForCausalLM";

    public string ModelType => "gpt_bigcode";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var sizes = DecoderShape.Read(config, rotaryShare: 0);
        var shares = config.Flag("multi_query", true);
        var shape = sizes with { Heads = sizes.Heads with { KvHeads = shares ? 1 : sizes.Heads.Heads } };
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.wte.weight")
        {
            Positions = checkpoint.Tensors.Require("transformer.wpe.weight", shape.ContextLength, shape.HiddenSize),
        };
        var norm = Norm.Layer(config.Positive("layer_norm_epsilon", 1e-5));
        var mlp = new PlainFeedForward(
            config.FindSize("n_inner") ?? 4 * shape.HiddenSize,
            config.Text("activation_function") ?? "gelu_pytorch_tanh",
            "c_fc",
            "c_proj");
        var projection = new QkvProjection(["c_attn"], HasBias: true) { Order = shares ? null : QkvOrder.Grouped };
        var attention = new SelfAttention(shape.Heads, projection, new OutputProjection("c_proj", HasBias: true));
        attention = attention with { Scale = config.Flag("scale_attn_weights", true) ? attention.Scale : 1 };

        foreach (var layer in model.Layers("transformer.h"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "ln_1"), "attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "ln_2"), "mlp"));
        }

        return model.Finish(norm, "transformer.ln_f", model.Head(config.Flag("tie_word_embeddings", true)));
    }
}
