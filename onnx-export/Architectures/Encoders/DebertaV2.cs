using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>DeBERTa, versions 2 and 3: BERT without positions in its tables; layers score relative positions apart from
/// content.</summary>
internal sealed class DebertaV2(string name, TextHead head) : IArchitecture
{
    private static readonly EncoderLayerNames Layer = Bert.Layer with
    {
        Query = "attention.self.query_proj",
        Key = "attention.self.key_proj",
        Value = "attention.self.value_proj",
    };

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "deberta-v2" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        Refuse(config);
        var sizes = Bert.ReadSizes(config) with { NormEpsilon = config.Positive("layer_norm_eps", 1e-7) };
        var context = config.FindSize("max_position_embeddings") ?? 512;
        var isShared = config.Flag("share_att_key", false);
        var bert = Bert.Names("deberta");
        var classifier = new ClassifierHead("pooler.dense", config.Text("pooler_hidden_act") ?? "gelu", "classifier");
        var names = bert with
        {
            Positions = config.Flag("position_biased_input", true) ? bert.Positions : null,
            Layer = Layer,
            MaskedWords = Deberta.Head(checkpoint.Tensors),
            Pooler = null,
            Classifier = classifier,
            Choice = classifier,
            MasksRows = true,
            After = config.Count("conv_kernel_size") is > 0 and var width
                ? (encoder, start) => (layer, rows) => layer == 0
                    ? WithNeighbours(encoder, config, sizes, width, start, rows)
                    : rows
                : null,
            ShareAs = isShared ? DisentangledAttention.ShareAs : null,
            Attention = encoder => new DisentangledAttention(
                encoder, sizes, Layer, Positions(encoder, config, sizes, context))
            {
                Parts = 1 + Kinds(config).Count(kind => kind is "c2p" or "p2c"),
                PositionKey = isShared ? null : "attention.self.pos_key_proj",
                PositionQuery = isShared ? null : "attention.self.pos_query_proj",
            }.Append,
        };
        return TextEncoder.Build(
            checkpoint,
            dtype,
            new TextEncoderConfig(
                sizes,
                config.Size("vocab_size"),
                context,
                FirstPosition: 0,
                config.Count("type_vocab_size"),
                config.Flag("tie_word_embeddings", true)),
            names,
            head);
    }

    /// <summary>The table of relative positions, null where there is none.</summary>
    internal static RelativePositions? Positions(
        EncoderGraph encoder, ConfigJson config, EncoderSizes sizes, int context)
    {
        if (!config.Flag("relative_attention", false))
        {
            return null;
        }

        var farthest = config.Integer("max_relative_positions") is > 0 and var given ? given : context;
        var buckets = config.Integer("position_buckets") is > 0 and var count ? count : 0;
        var span = buckets > 0 ? buckets : farthest;
        const string Table = "deberta.encoder.rel_embeddings.weight";
        var channels = HeadPadding.None(sizes.Hidden);
        var stored = encoder.Tensors.Require(Table, 2 * span, sizes.Hidden);
        var rows = encoder.Graph.AddWeight("positions.weight", encoder.Weights.Rows(
            [2 * span, sizes.Hidden], [stored], inTurns: 1));
        if (config.Text("norm_rel_ebd") is { } norm && norm.Contains("layer_norm", StringComparison.Ordinal))
        {
            rows = sizes.Norm.Append(encoder, "positions.norm", "deberta.encoder.LayerNorm", rows, channels);
        }

        return RelativePositions.Append(encoder, rows, buckets, span, farthest, context, Kinds(config));
    }

    /// <summary>What positions are scored with; scores are scaled by their number, used or not.</summary>
    internal static IReadOnlyList<string> Kinds(ConfigJson config) =>
        config.Texts("pos_att_type") is { Count: > 0 } list
            ? list
            : config.TextIfAny("pos_att_type")?.ToLowerInvariant().Split('|', StringSplitOptions.TrimEntries) ?? [];

    // The largest models add to the first layer what a convolution makes of the rows that entered it.
    private static string WithNeighbours(
        EncoderGraph encoder, ConfigJson config, EncoderSizes sizes, int width, string start, string rows)
    {
        const string Root = "deberta.encoder.conv";
        var (graph, hidden) = (encoder.Graph, sizes.Hidden);
        var kernel = encoder.Tensors.Require($"{Root}.conv.weight", hidden, hidden, width);
        var bias = encoder.Tensors.Require($"{Root}.conv.bias", hidden);
        var mixed = graph.Add(
            "Conv",
            "neighbours",
            [
                graph.Add("Transpose", "neighbours.turned", [start], NodeAttribute.Ints("perm", 0, 2, 1)),
                graph.AddWeight("neighbours.weight", encoder.Weights.Rows(kernel.Shape, [kernel], 1)),
                graph.AddWeight("neighbours.bias", encoder.Weights.Vector((bias, HeadPadding.None(hidden)))),
            ],
            NodeAttribute.Ints("kernel_shape", width),
            NodeAttribute.Ints("pads", width / 2, width / 2));
        var back = graph.Add("Transpose", "neighbours.back", [mixed], NodeAttribute.Ints("perm", 0, 2, 1));
        var active = Activation.Append(graph, config.Text("conv_act") ?? "tanh", "neighbours.act", back);
        return sizes.Norm.AppendAfterSum(encoder, "neighbours.norm", $"{Root}.LayerNorm", rows, active);
    }

    private static void Refuse(ConfigJson config)
    {
        var hidden = config.Size("hidden_size");
        if (config.Count("conv_kernel_size") is var width && width > 0
            && (width % 2 == 0 || (config.FindSize("conv_groups") ?? 1) > 1))
        {
            throw new RefusedException($"config.json: conv_kernel_size is {width} and conv_groups "
                + $"{config.FindSize("conv_groups") ?? 1}; the first must be odd, and the second 1");
        }

        if ((config.FindSize("embedding_size") ?? hidden) != hidden)
        {
            throw new RefusedException($"config.json: embedding_size is {config.FindSize("embedding_size")}; it must "
                + $"be the hidden size ({hidden})");
        }
    }
}
