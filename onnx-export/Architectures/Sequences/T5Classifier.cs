using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sequences;

/// <summary>T5 and its kin as classifiers: the decoder reads the text too, one token later, and its row of the last
/// token, which ends the text, is classified.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="hasOwnDistances">True where every layer has a table of distances.</param>
internal sealed class T5Classifier(string name, bool hasOwnDistances) : IArchitecture
{
    // Both stacks stand below a name of their own.
    private const string Inner = "transformer.";

    private const string Head = "classification_head";

    public string Name => name;

    public string ModelType => "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var tensors = checkpoint.Part(
            config,
            [
                ("encoder.", $"{Inner}encoder."), ("decoder.", $"{Inner}decoder."), ("shared.", $"{Inner}shared."),
                ("", ""),
            ]).Tensors;
        var t5 = new T5(config, name, hasOwnDistances);
        var sizes = t5.Sizes;
        var words = SequenceTables.Words(tensors, t5.VocabSize, sizes.Hidden, "lm_head.weight", T5.WordNames);
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: true);
        var states = new EncoderLayers(encoder, sizes, t5.EncoderLayer, "encoder.block")
        {
            Positions = t5.EncoderPositions(encoder),
        }.AppendPreNorm(encoder.Embeds, "encoder.final_layer_norm");
        var begin = config.TokenIds("decoder_start_token_id") is [var id, ..] ? id : 0;
        var later = LaterRows.Append(encoder, encoder.Embeds, new TensorRows(words, begin, 1));
        var decoder = sizes with { Layers = config.FindSize("num_decoder_layers") ?? sizes.Layers };
        var labels = Labels.Read(config);
        new ClassifierHead($"{Head}.dense", "tanh", $"{Head}.out_proj") { Pool = LastRow.Append }.AppendPooled(
            encoder, AppendDecoder(encoder, t5, decoder, later, states), labels.Names.Count);
        return new ExportedModel(
            encoder,
            sizes.Hidden,
            t5.VocabSize,
            Math.Min(t5.Positions, checkpoint.MaxTokens ?? int.MaxValue),
            IsTied: false,
            new Dictionary<string, CheckpointTensor> { [EmbeddingManifest.Token] = words })
        {
            Labels = labels,
        };
    }

    private static string AppendDecoder(EncoderGraph encoder, T5 t5, EncoderSizes sizes, string rows, string states)
    {
        var (own, wide) = (
            new EncoderAttention(encoder, sizes, t5.DecoderLayer),
            new EncoderFeedForward(encoder, sizes, t5.DecoderLayer));
        var cross = new StatesAttention(encoder, sizes, new AttentionNames(
            "layer.1.EncDecAttention.q",
            "layer.1.EncDecAttention.k",
            "layer.1.EncDecAttention.v",
            "layer.1.EncDecAttention.o",
            "layer.1.layer_norm"));
        var stream = new ResidualStream(encoder, rows);
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            var (name, tensor) = ($"decoder.layers.{layer}", $"decoder.block.{layer}");
            stream.Add(own.Append(
                $"{name}.attention", tensor, Normed("attention", 0), Positions(encoder, t5, sizes, layer)));
            stream.Add(cross.Append($"{name}.cross", tensor, Normed("cross", 1), states));
            stream.Add(wide.Append($"{name}.mlp", tensor, Normed("mlp", 2)));

            string Normed(string part, int index) =>
                stream.Through(sizes.Norm, $"{name}.{part}_norm", $"{tensor}.layer.{index}.layer_norm");
        }

        return stream.Through(sizes.Norm, "decoder.final_norm", "decoder.final_layer_norm");
    }

    // Rows see none that come later, and distances have all buckets in that one direction.
    private static RowPositions Positions(EncoderGraph encoder, T5 t5, EncoderSizes sizes, int layer)
    {
        var (graph, bias) = (encoder.Graph, $"decoder.score_bias.{t5.DistancesOf(layer)}");
        if (graph.Has($"{bias}.causal/output"))
        {
            return new RowPositions(ScoreBias: $"{bias}.causal/output");
        }

        var near = (t5.Distances(sizes.Heads, isTwoSided: false) with { Shared = "decoder.score_bias" }).Append(
            encoder, t5.DistanceTable("decoder", layer), bias);
        var causal = graph.Has("causal/output") ? "causal/output" : RowDistances.AppendCausal(encoder);
        return new RowPositions(ScoreBias: graph.Add("Add", $"{bias}.causal", [near, causal]));
    }
}
