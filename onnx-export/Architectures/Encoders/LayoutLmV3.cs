using Stip.Export.Blocks;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>LayoutLMv3 for text on a page: RoBERTa whose tokens stand in boxes, by which they also see each other. The
/// picture of the page is left out.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class LayoutLmV3(string name, TextHead head) : IArchitecture
{
    private const string Root = "layoutlmv3";

    // From here on a label of tokens has a layer of its own before it.
    private const int ManyLabels = 10;

    // Which of the columns behind the features say where the box is.
    private static readonly Dictionary<string, int> DigitsOf = new(StringComparer.Ordinal)
    {
        [EmbeddingManifest.Boxes[0]] = 0,
        [EmbeddingManifest.Boxes[3]] = 2,
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"layer_norm_eps": 1e-5}""");
        if (!config.Flag("text_embed", true))
        {
            throw new RefusedException("config.json: text_embed is false; a model of pictures alone is not exported");
        }

        var basis = Bert.ReadConfig(config, Roberta.FirstPosition(config));
        var (hidden, heads) = (basis.Sizes.Hidden, basis.Sizes.Heads);
        var inOrder = config.Flag("has_relative_attention_bias", true);

        // As transformers has it: places alone add nothing.
        var onPage = inOrder && config.Flag("has_spatial_attention_bias", true);
        basis = basis with { PlacesApart = onPage ? PageDistances.Digits : 0 };
        var hasDense = head == TextHead.Answer
            || (head == TextHead.Tokens && Labels.Read(config).Names.Count >= ManyLabels);
        var part = head == TextHead.Answer ? "qa_outputs" : "classifier";
        var names = Roberta.Names(Root) with
        {
            Pooler = null,
            RowDense = hasDense ? $"{part}.dense" : null,
            TokenLabels = hasDense ? $"{part}.out_proj" : part,
            Answer = $"{part}.out_proj",
            Boxes = tensors => Boxes(tensors, config, hidden, onPage ? PageDistances.Digits : 0),
            Start = onPage ? PageDistances.Split : null,
            ScoreBias = inOrder ? encoder => Distances(encoder, config, basis.Sizes.HeadDim, heads, onPage) : null,
        };
        return TextEncoder.Build(checkpoint, dtype, basis, names, head);
    }

    private static string Distances(EncoderGraph encoder, ConfigJson config, int headDim, int heads, bool onPage)
    {
        var page = new PageDistances(encoder, heads, 1 / Math.Sqrt(headDim), $"{Root}.encoder");
        return page.Append(
            (page.Order(), Buckets(config, heads, "rel_pos_bins", 32, "max_rel_pos", 128)),
            onPage ? Buckets(config, heads, "rel_2d_pos_bins", 64, "max_rel_2d_pos", 256) : null,
            page.Edges)!;
    }

    private static DistanceBias Buckets(
        ConfigJson config, int heads, string bins, int ownBins, string farthest, int ownFarthest)
    {
        var count = config.FindSize(bins) ?? ownBins;
        return new DistanceBias(count, heads)
        {
            Buckets = count,
            Farthest = config.FindSize(farthest) ?? ownFarthest,
            Fields = (bins, farthest),
        };
    }

    private static IReadOnlyDictionary<string, CheckpointTensor> Boxes(
        ITensorStore tensors, ConfigJson config, int hidden, int digits)
    {
        var places = config.FindSize("max_2d_position_embeddings") ?? PageBoxes.DefaultPlaces;
        var (edge, extent) = (config.FindSize("coordinate_size") ?? 128, config.FindSize("shape_size") ?? 128);
        if ((4 * edge) + (2 * extent) != hidden || places > PlaceDigits.MostRows)
        {
            throw new RefusedException($"config.json: four times coordinate_size ({edge}) and twice shape_size "
                + $"({extent}) must be hidden_size ({hidden}), max_2d_position_embeddings ({places}) at most "
                + $"{PlaceDigits.MostRows}");
        }

        return PageBoxes.Tables(tensors, $"{Root}.embeddings", places, (edge, extent), Made);

        CheckpointTensor Made(string table, CheckpointTensor stored, int before)
        {
            var wide = new PaddedColumns(stored, before, hidden - before - (int)stored.Shape[1]);
            return digits == 0 ? wide
                : DigitsOf.TryGetValue(table, out var first)
                    ? new SideBySide(wide, new PlaceDigits(table, places, first, digits))
                : new PaddedColumns(wide, 0, digits);
        }
    }
}
