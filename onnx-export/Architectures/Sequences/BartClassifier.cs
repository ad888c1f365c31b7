using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sequences;

/// <summary>BART as a classifier (zero-shot models of bart-large-mnli's kind) or where it finds answers: the decoder
/// reads the text too, one token later, and its row of the last token is classified, or each says whether an answer
/// begins or ends there. MVP is BART here.</summary>
/// <remarks>A row of the client holds the token, and behind it the position of the encoder; the decoder's rows are
/// those of the tokens before, the first one after the token that answers begin with.</remarks>
/// <param name="name">Name of the family.</param>
/// <param name="answers">True where it finds answers.</param>
internal sealed class BartClassifier(string name, bool answers) : IArchitecture
{
    private const int SkippedPositions = 2;
    private const double NormEpsilon = 1e-5;

    private static readonly EncoderLayerNames Layer = new(
        Query: "self_attn.q_proj",
        Key: "self_attn.k_proj",
        Value: "self_attn.v_proj",
        Output: "self_attn.out_proj",
        AttentionNorm: "self_attn_layer_norm",
        Up: "fc1",
        Down: "fc2",
        FeedForwardNorm: "final_layer_norm");

    public string Name => name;

    public string ModelType => "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        config.RefuseFlag("use_prompt");
        var (hidden, vocabulary) = (config.Size("d_model"), config.Size("vocab_size"));
        var context = config.FindSize("max_position_embeddings") ?? 1024;
        var words = SequenceTables.Words(
            tensors,
            vocabulary,
            hidden,
            "lm_head.weight",
            "model.shared.weight",
            "model.encoder.embed_tokens.weight",
            "model.decoder.embed_tokens.weight");
        var table = config.Flag("scale_embedding", false)
            ? (CheckpointTensor)new ScaledRows(words, MathF.Sqrt(hidden))
            : words;
        var encoder = new EncoderGraph(tensors, dtype, hidden, isMasked: true, 2 * hidden);
        var parts = encoder.Graph.Append(
            "",
            "Split",
            "embedding/Split",
            [encoder.Embeds, encoder.Graph.AddConstant("embedding.widths", hidden, hidden)],
            ["embedding/word", "embedding/place"],
            NodeAttribute.Int("axis", -1));
        var states = AppendEncoder(encoder, Sizes(config, "encoder"), parts);
        var begin = config.TokenIds("decoder_start_token_id") is [var id, ..] ? id : 2;
        var rows = AppendDecoder(
            encoder,
            Sizes(config, "decoder"),
            LaterRows.Append(encoder, parts[0], new TensorRows(table, begin, 1)),
            Positions(tensors, "decoder", context, hidden),
            states);
        var labels = answers ? null : Labels.Read(config);
        if (labels is null)
        {
            RowHead.AppendAnswer(encoder, rows, "qa_outputs");
        }
        else
        {
            new ClassifierHead("classification_head.dense", "tanh", "classification_head.out_proj")
            {
                Pool = LastRow.Append,
            }.AppendPooled(encoder, rows, labels.Names.Count);
        }

        return new ExportedModel(
            encoder, 2 * hidden, vocabulary, context, IsTied: false, new Dictionary<string, CheckpointTensor>
            {
                [EmbeddingManifest.Token] = new PaddedColumns(table, 0, hidden),
                [EmbeddingManifest.Position] = new PaddedColumns(
                    Positions(tensors, "encoder", context, hidden), hidden, 0),
            })
        {
            Labels = labels,
        };
    }

    private static string AppendEncoder(EncoderGraph encoder, EncoderSizes sizes, IReadOnlyList<string> parts)
    {
        var sum = encoder.Graph.Add("Add", "embedding/Add", [parts[0], parts[1]]);
        var rows = sizes.Norm.Append(encoder, "embedding_norm", "model.encoder.layernorm_embedding", sum);
        return new EncoderLayers(encoder, sizes, Layer, "model.encoder.layers").AppendPostNorm(rows);
    }

    private static string AppendDecoder(
        EncoderGraph encoder, EncoderSizes sizes, string words, CheckpointTensor positions, string states)
    {
        var graph = encoder.Graph;
        var causal = new RowPositions(ScoreBias: RowDistances.AppendCausal(encoder));
        var table = graph.AddWeight("decoder.positions", encoder.Weights.Rows(positions.Shape, [positions], 1));
        var places = graph.Add("Gather", "decoder.positions/Gather", [table, $"{RowDistances.Places}/output"]);
        var rows = sizes.Norm.Append(
            encoder,
            "decoder.embedding_norm",
            "model.decoder.layernorm_embedding",
            graph.Add("Add", "decoder.embedding/Add", [words, places]));
        var (own, wide) = (
            new EncoderAttention(encoder, sizes, Layer), new EncoderFeedForward(encoder, sizes, Layer));
        var cross = new StatesAttention(encoder, sizes, new AttentionNames(
            "encoder_attn.q_proj",
            "encoder_attn.k_proj",
            "encoder_attn.v_proj",
            "encoder_attn.out_proj",
            "encoder_attn_layer_norm"));
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            var (name, tensor) = ($"decoder.layers.{layer}", $"model.decoder.layers.{layer}");
            rows = Normed("attention", "self_attn_layer_norm", own.Append($"{name}.attention", tensor, rows, causal));
            rows = Normed(
                "cross", "encoder_attn_layer_norm", cross.Append($"{name}.cross", tensor, rows, states));
            rows = Normed("mlp", "final_layer_norm", wide.Append($"{name}.mlp", tensor, rows));

            string Normed(string part, string norm, string given) => sizes.Norm.AppendAfterSum(
                encoder, $"{name}.{part}_norm", $"{tensor}.{norm}", rows, given);
        }

        return rows;
    }

    private static TensorRows Positions(ITensorStore tensors, string side, int count, int hidden) => new(
        tensors.Require($"model.{side}.embed_positions.weight", count + SkippedPositions, hidden),
        SkippedPositions,
        count);

    private static EncoderSizes Sizes(ConfigJson config, string side) => new(
        config.Size("d_model"),
        config.Size($"{side}_ffn_dim"),
        config.Size($"{side}_layers"),
        config.Size($"{side}_attention_heads"),
        config.Text("activation_function") ?? "gelu",
        NormEpsilon);
}
