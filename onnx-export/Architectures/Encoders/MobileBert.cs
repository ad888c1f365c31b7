using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Onnx;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>MobileBERT: a row is made of three neighbouring words; layers are narrow inside.</summary>
/// <remarks>A row of the client holds the word, and behind it the wide sum of position and token type, which is added
/// once neighbours are put together.</remarks>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class MobileBert(string name, TextHead head) : IArchitecture
{
    private const string Root = "mobilebert";
    private const string Embeddings = $"{Root}.embeddings";

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        Refuse(config);
        var basis = Bert.ReadConfig(config, firstPosition: 0);
        var (hidden, word) = (basis.Sizes.Hidden, config.FindSize("embedding_size") ?? 128);
        var sizes = basis.Sizes with { Activation = config.Text("hidden_act") ?? "relu" };
        var encoder = new EncoderGraph(tensors, dtype, hidden, isMasked: true, word + hidden);
        var layers = new BottleneckLayers(
            encoder,
            sizes,
            config.FindSize("intra_bottleneck_size") ?? 128,
            config.FindSize("num_feedforward_networks") ?? 4,
            config.Text("normalization_type") == "layer_norm")
        {
            SharesQueryAndKey = config.Flag("key_query_shared_bottleneck", true),
            AttendsNarrow = config.Flag("use_bottleneck_attention", false),
        };
        var rows = Start(encoder, layers, word, hidden);
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            rows = layers.Append(layer, $"{Root}.encoder.layer", rows);
        }

        var words = tensors.Require($"{Embeddings}.word_embeddings.weight", basis.VocabSize, word);
        var classifier = config.Flag("classifier_activation", true)
            ? new ClassifierHead($"{Root}.pooler.dense", "tanh", "classifier")
            : new ClassifierHead(Dense: null, Activation: "", "classifier");
        var read = basis with { Sizes = sizes, RowSize = word + hidden, HeadRowSize = hidden, IsTied = true };
        return TextEncoder.Finish(
            checkpoint,
            encoder,
            read,
            Bert.Names(Root) with { Classifier = classifier, Pooler = classifier.Dense, Choice = classifier },
            head,
            rows,
            head == TextHead.MaskedWords ? Matrix(tensors, words, hidden) : words,
            new Dictionary<string, CheckpointTensor>
            {
                [EmbeddingManifest.Token] = new PaddedColumns(words, 0, hidden),
                [EmbeddingManifest.Position] = Wide("position_embeddings", read.Positions),
                [EmbeddingManifest.TokenType] = Wide("token_type_embeddings", read.TokenTypes),
            });

        PaddedColumns Wide(string table, int count) => new(
            tensors.Require($"{Embeddings}.{table}.weight", count, hidden), word, 0);
    }

    // The word table, and beside it what the wider rows need.
    private static CheckpointTensor Matrix(ITensorStore tensors, CheckpointTensor words, int hidden) =>
        words.Shape[1] == hidden ? words : new WidenedRows(
            words,
            tensors.Require("cls.predictions.dense.weight", hidden - words.Shape[1], words.Shape[0]));

    // The next word, the word itself, and the one before it become one row.
    private static string Start(EncoderGraph encoder, BottleneckLayers layers, int word, int hidden)
    {
        var graph = encoder.Graph;
        var parts = graph.Append(
            "",
            "Split",
            "embedding/Split",
            [encoder.Embeds, graph.AddConstant("embedding.widths", word, hidden)],
            ["embedding/word", "embedding/place"],
            NodeAttribute.Int("axis", -1));
        var before = graph.Add(
            "Pad", "embedding/framed", [parts[0], graph.AddConstant("embedding.frame", 0, 1, 0, 0, 1, 0)]);
        var axis = graph.AddConstant("embedding.axis", 1);
        var both = graph.Add(
            "Concat",
            "embedding/Concat",
            [Shifted("next", 2, long.MaxValue), parts[0], Shifted("previous", 0, -2)],
            NodeAttribute.Int("axis", -1));
        var rows = Linear.FromLinear(
            encoder, "embedding", both, $"{Embeddings}.embedding_transformation", 3 * word, hidden, hasBias: true);
        return layers.Normed(
            "embedding_norm", $"{Embeddings}.LayerNorm", hidden, rows, parts[1], BottleneckLayers.UsualEpsilon);

        string Shifted(string name, long from, long to) => graph.Add("Slice", $"embedding/{name}", [
            before, graph.AddConstant($"embedding.{name}_from", from), graph.AddConstant($"embedding.{name}_to", to),
            axis]);
    }

    private static void Refuse(ConfigJson config)
    {
        config.RefuseUnless("normalization_type", "no_norm", "layer_norm");
        if (!config.Flag("trigram_input", true) || !config.Flag("use_bottleneck", true))
        {
            throw new RefusedException("config.json: trigram_input and use_bottleneck must be true in a MobileBERT");
        }
    }
}
