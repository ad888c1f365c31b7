using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>ESM (proteins): BERT whose norms come before each part, with turned heads (2) or learned positions
/// (1).</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Esm(string name, TextHead head) : IArchitecture
{
    // Rows were trained with 15 % of the tokens hidden, 80 % of them by zeros.
    private const double SeenShare = 1 - (0.15 * 0.8);

    private static readonly EncoderLayerNames Layer = Bert.Layer with
    {
        AttentionNorm = "attention.LayerNorm",
        FeedForwardNorm = "LayerNorm",
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "esm" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseUnless("position_embedding_type", "rotary", "absolute");
        config.RefuseFlag("is_decoder");
        var turns = config.Text("position_embedding_type") == "rotary";
        var positions = config.FindSize("max_position_embeddings") ?? 1026;
        var sizes = Bert.ReadSizes(config) with { Activation = "gelu" };
        var frequencies = RotaryFrequencies.Read(
            config, rope: null, sizes.HeadDim, positions, RotaryFrequencies.DefaultTheta);
        var isDropped = config.Flag("token_dropout", false);
        return TextEncoder.Build(
            checkpoint,
            dtype,
            new TextEncoderConfig(
                sizes,
                config.Size("vocab_size"),
                positions,
                FirstPosition: turns ? 0 : Roberta.FirstPosition(config),
                TokenTypes: 0,
                config.Flag("tie_word_embeddings", true))
            {
                // Which token hides others, its row is zero.
                ZeroWord = isDropped && config.TokenIds("mask_token_id") is [var id, ..] ? id : null,
                KeepsPlacesApart = isDropped && !turns,
            },
            Roberta.Names("esm") with
            {
                Positions = turns ? null : "esm.embeddings.position_embeddings.weight",
                TokenTypes = null,
                EmbeddingNorm = config.Flag("emb_layer_norm_before", false) ? "esm.embeddings.layer_norm" : null,
                Layer = Layer,
                LastNorm = "esm.encoder.emb_layer_norm_after",
                MasksRows = true,
                RowPositions = turns
                    ? encoder => new RowPositions(RotaryTables.Append(encoder, frequencies, positions))
                    : null,
                Start = isDropped ? encoder => Start(encoder, !turns) : null,
            },
            head);
    }

    private static string Start(EncoderGraph encoder, bool hasPlaces)
    {
        var (graph, words) = (encoder.Graph, new HiddenWords(SeenShare));
        if (!hasPlaces)
        {
            return words.Append(encoder, encoder.Embeds);
        }

        var parts = graph.Append(
            "",
            "Split",
            "embedding/Split",
            [encoder.Embeds, graph.AddConstant("embedding.widths", encoder.HiddenSize, encoder.HiddenSize)],
            ["embedding/word", "embedding/place"],
            NodeAttribute.Int("axis", -1));
        return graph.Add("Add", "embedding/Add", [words.Append(encoder, parts[0]), parts[1]]);
    }
}
