using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>OPT: LayerNorm, learned positions (the client adds them, two rows are skipped), ReLU, biases everywhere.
/// The one of 350 million has its norms after its blocks, and tokens narrower than its stream.</summary>
internal sealed class Opt : IArchitecture
{
    private const int SkippedPositions = 2;
    private const string Table = "model.decoder.embed_tokens.weight";
    private const string Head = "lm_head.weight";

    public string Name => "OPTForCausalLM";

    public string ModelType => "opt";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: 0);
        var precedes = config.Flag("do_layer_norm_before", true);
        var width = config.FindSize("word_embed_proj_dim") ?? shape.HiddenSize;
        if (width != shape.HiddenSize && checkpoint.End != DecoderEnd.NextWord)
        {
            throw new RefusedException($"config.json: word_embed_proj_dim is {width}; without a language head it must "
                + $"be hidden_size ({shape.HiddenSize})");
        }

        var positions = checkpoint.Tensors.Require(
            "model.decoder.embed_positions.weight", shape.ContextLength + SkippedPositions, shape.HiddenSize);
        var tokens = checkpoint.Tensors.Require(Table, shape.VocabSize, width);
        var model = new DecoderModel(checkpoint, dtype, shape, Widened(checkpoint, tokens, shape.HiddenSize))
        {
            Positions = new TensorRows(positions, SkippedPositions, shape.ContextLength),
        };
        var norm = Norm.Layer(1e-5) with { HasWeights = config.Flag("layer_norm_elementwise_affine", true) };
        var hasBias = config.Flag("enable_bias", true);
        var mlp = new PlainFeedForward(
            config.Size("ffn_dim"), config.Text("activation_function") ?? "relu", "fc1", "fc2", hasBias);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("out_proj", hasBias));

        foreach (var layer in model.Layers("model.decoder.layers"))
        {
            var rows = precedes
                ? layer.Normed(norm, "attention_norm", "self_attn_layer_norm")
                : layer.Stream("attention_stream");
            layer.Add(attention.Append(layer, rows, "self_attn"));
            if (!precedes)
            {
                layer.Renorm(norm, "attention_after", "self_attn_layer_norm");
            }

            rows = precedes ? layer.Normed(norm, "mlp_norm", "final_layer_norm") : layer.Stream("mlp_stream");
            layer.Add(mlp.Append(layer, rows, part: ""));
            if (!precedes)
            {
                layer.Renorm(norm, "mlp_after", "final_layer_norm");
            }
        }

        var head = new LanguageHead(checkpoint.End != DecoderEnd.NextWord ? tokens
            : config.Flag("tie_word_embeddings", true) ? TiedHead.Of(checkpoint.Tensors, Head, Table, tokens)
            : checkpoint.Tensors.Require(Head, shape.VocabSize, width));
        return model.Finish(
            precedes && !config.Flag("_remove_final_layer_norm", false) ? norm : null,
            "model.decoder.final_layer_norm",
            width == shape.HiddenSize ? head : head with { Inward = "model.decoder.project_out" });
    }

    // A narrow table goes through a matrix before anything else: the client has the product.
    private static CheckpointTensor Widened(Checkpoint checkpoint, CheckpointTensor tokens, int hiddenSize) =>
        tokens.Shape[1] == hiddenSize ? tokens : new ProjectedRows(
            tokens, checkpoint.Tensors.Require("model.decoder.project_in.weight", hiddenSize, tokens.Shape[1]));
}
