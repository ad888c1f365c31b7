using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>BioGPT: OPT with scaled embeddings and GELU.</summary>
internal sealed class BioGpt : IArchitecture
{
    private const int SkippedPositions = 2;

    public string Name => "BioGptForCausalLM";

    public string ModelType => "biogpt";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: 0);
        var positions = checkpoint.Tensors.Require(
            "biogpt.embed_positions.weight", shape.ContextLength + SkippedPositions, shape.HiddenSize);
        var model = new DecoderModel(checkpoint, dtype, shape, "biogpt.embed_tokens.weight")
        {
            EmbeddingScale = config.Flag("scale_embedding", true) ? MathF.Sqrt(shape.HiddenSize) : 1,
            Positions = new TensorRows(positions, SkippedPositions, shape.ContextLength),
        };
        var norm = Norm.Layer(1e-5);
        var mlp = new PlainFeedForward(
            config.Size("intermediate_size"), config.Text("hidden_act") ?? "gelu", "fc1", "fc2");
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: true), new OutputProjection("out_proj", HasBias: true));

        foreach (var layer in model.Layers("biogpt.layers"))
        {
            layer.Add(attention.Append(
                layer, layer.Normed(norm, "attention_norm", "self_attn_layer_norm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "final_layer_norm"), part: ""));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", true), "output_projection");
        return model.Finish(norm, "biogpt.layer_norm", head);
    }
}
