using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>The first GPT: norms follow their blocks, and nothing follows the last layer.</summary>
internal sealed class OpenAiGpt : IArchitecture
{
    private const int InnerFactor = 4;

    public string Name => "OpenAIGPTLMHeadModel";

    public string ModelType => "openai-gpt";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: 0);
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.tokens_embed.weight")
        {
            Positions = checkpoint.Tensors.Require(
                "transformer.positions_embed.weight", shape.ContextLength, shape.HiddenSize),
        };
        var norm = Norm.Layer(config.Positive("layer_norm_epsilon", 1e-5));

        // What it calls gelu is the approximation by a tanh.
        var function = config.Text("afn") is null or "gelu" ? "gelu_new" : config.Text("afn")!;
        var mlp = new PlainFeedForward(InnerFactor * shape.HiddenSize, function, "c_fc", "c_proj")
        {
            StoredOutputsFirst = false,
        };
        var projection = new QkvProjection(["c_attn"], HasBias: true) { StoredOutputsFirst = false };
        var attention = new SelfAttention(
            shape.Heads, projection, new OutputProjection("c_proj", HasBias: true, StoredOutputsFirst: false));

        foreach (var layer in model.Layers("transformer.h"))
        {
            layer.Add(attention.Append(layer, layer.Stream("attention_stream"), "attn"));
            layer.Renorm(norm, "attention_after", "ln_1");
            layer.Add(mlp.Append(layer, layer.Stream("mlp_stream"), "mlp"));
            layer.Renorm(norm, "mlp_after", "ln_2");
        }

        return model.Finish(norm: null, "", model.Head(config.Flag("tie_word_embeddings", true)));
    }
}
