using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>LiLT: RoBERTa beside a narrow stream of places, which share their scores; where no boxes are given each
/// token stands in one of zeros.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Lilt(string name, TextHead head) : IArchitecture
{
    private const string Root = "lilt";
    private const string Layout = $"{Root}.layout_embeddings";
    private const int Sides = 6;

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"pad_token_id": 0}""");
        var basis = Bert.ReadConfig(config, Roberta.FirstPosition(config));
        var (hidden, shrink) = (basis.Sizes.Hidden, config.FindSize("channel_shrink_ratio") ?? 4);
        if (hidden % (shrink * basis.Sizes.Heads) != 0 || hidden % Sides != 0)
        {
            throw new RefusedException($"config.json: hidden_size is {hidden}; channel_shrink_ratio ({shrink}) times "
                + $"the number of heads must divide it, and so must {Sides}");
        }

        basis = basis with { Beside = hidden / shrink };
        var (names, tensors) = (Roberta.Names(Root), checkpoint.Tensors);
        var encoder = new EncoderGraph(tensors, dtype, hidden, isMasked: true, basis.SentRowSize);
        var rows = new LaidOutLayers(encoder, basis.Sizes, shrink).Append(
            Started(encoder, "text", 0, hidden, $"{Root}.embeddings.LayerNorm", basis.Sizes.Norm),
            Started(encoder, "layout", hidden, hidden / shrink, $"{Layout}.LayerNorm", basis.Sizes.Norm),
            $"{Root}.encoder.layer");
        var words = tensors.Require(names.Words, basis.VocabSize, hidden);
        return TextEncoder.Finish(
            checkpoint, encoder, basis, names, head, rows, words, Tables(config, tensors, basis, names, words));
    }

    // One of the two streams that lie side by side in the rows of the client.
    private static string Started(
        EncoderGraph encoder, string stream, int from, int width, string norm, Norm kind)
    {
        var graph = encoder.Graph;
        var cut = graph.Add("Slice", $"{stream}.start", [
            encoder.Embeds,
            graph.AddConstant($"{stream}.from", from),
            graph.AddConstant($"{stream}.to", from + width),
            graph.AddConstant($"{stream}.axis", 2)]);
        return kind.Append(encoder, $"{stream}.start_norm", norm, cut, HeadPadding.None(width));
    }

    private static Dictionary<string, CheckpointTensor> Tables(
        ConfigJson config,
        ITensorStore tensors,
        TextEncoderConfig basis,
        TextEncoderNames names,
        CheckpointTensor words)
    {
        var (hidden, narrow) = (basis.Sizes.Hidden, basis.Beside);
        var (count, side) = (basis.Positions, hidden / Sides);
        var matrix = tensors.Require($"{Layout}.box_linear_embeddings.weight", narrow, hidden);
        var places = config.FindSize("max_2d_position_embeddings") ?? PageBoxes.DefaultPlaces;
        var bias = new ReshapedTensor(tensors.Require($"{Layout}.box_linear_embeddings.bias", narrow), [1, narrow]);
        var text = tensors.Require(names.Positions!, count, hidden);
        var layout = new AddedRows(
            tensors.Require($"{Layout}.box_position_embeddings.weight", count, narrow), [bias]);
        var types = tensors.Require(names.TokenTypes!, basis.TokenTypes, hidden);
        var tables = new Dictionary<string, CheckpointTensor>
        {
            [EmbeddingManifest.Token] = new PaddedColumns(words, 0, narrow),
            [EmbeddingManifest.Position] = new TensorRows(
                new SideBySide(text, layout), basis.FirstPosition, count - basis.FirstPosition),
            [EmbeddingManifest.TokenType] = new PaddedColumns(types, 0, narrow),
        };
        foreach (var (table, rows) in PageBoxes.Tables(tensors, Layout, places, (side, side), Projected))
        {
            tables.Add(table, rows);
        }

        return tables;

        CheckpointTensor Projected(string table, CheckpointTensor stored, int before) => new PaddedColumns(
            new ProjectedRows(stored, new TensorColumns(matrix, before, side)), hidden, 0);
    }
}
