using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>BEiT (and Data2Vec's images): ViT whose layers know positions by what two patches' offset adds to the
/// scores of each head; keys have no bias.</summary>
/// <param name="name">Name in config.json.</param>
/// <param name="root">Where the model is in the checkpoint.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Beit(string name, string root, VisionHead head) : IArchitecture
{
    private const string Factors = "lambda_1";
    private const string Table = "relative_position_bias.relative_position_bias_table";

    public string Name => name;

    public string ModelType => head != VisionHead.Hidden ? "" : root == "beit" ? "beit" : "data2vec-vision";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, config) = (checkpoint.Tensors, checkpoint.Config);
        if (config.Flag("use_shared_relative_position_bias", false) && config.Flag("use_relative_position_bias", false))
        {
            throw new RefusedException("config.json: use_shared_relative_position_bias and use_relative_position_bias "
                + "are both true; one must be false");
        }

        var sizes = Vit.ReadSizes(config);
        var embeddings = $"{root}.embeddings";
        var patches = VisionEncoder.Patches(
            tensors,
            config,
            sizes.Hidden,
            embeddings,
            [tensors.Require($"{embeddings}.cls_token", 1, 1, sizes.Hidden)],
            positioned: 1,
            config.Flag("use_absolute_position_embeddings", false));
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: false);
        var hasFactors = config.Switch("layer_scale_init_value", true);
        var names = Vit.Layer with
        {
            HasKeyBias = false,
            AttentionFactors = hasFactors ? Factors : null,
            FeedForwardFactors = hasFactors ? "lambda_2" : null,
        };
        var layers = new EncoderLayers(encoder, sizes, names, $"{root}.encoder.layer")
        {
            Positions = OffsetTable(config) is { } table
                ? new PatchOffsets(patches.Sizes, sizes.Heads, table).Positions(encoder)
                : null,
        };
        var pools = config.Flag("use_mean_pooling", true);
        var model = VisionEncoder.Build(
            encoder,
            config,
            patches,
            layers,
            sizes,
            pools ? null : $"{root}.layernorm",
            head == VisionHead.Classes ? (rows, labels) => AppendHead(encoder, sizes, pools, rows, labels) : null);
        if (head == VisionHead.Hidden && root == "beit"
            && (!pools || tensors.Has($"{root}.pooler.layernorm.weight")))
        {
            PoolerOutput.Append(encoder, Pooled(encoder, sizes, pools, EncoderPorts.Hidden), sizes.Hidden);
        }

        if (head == VisionHead.Patches)
        {
            AppendWords(encoder, config, sizes);
        }

        return model;
    }

    private static void AppendWords(EncoderGraph encoder, ConfigJson config, EncoderSizes sizes)
    {
        var (graph, words) = (encoder.Graph, config.FindSize("vocab_size") ?? 8192);
        var normed = sizes.Norm.Append(encoder, "head.norm", "layernorm", graph.Withdraw(EncoderPorts.Hidden));
        var patches = graph.Add("Slice", "patches/Slice", [
            normed,
            graph.AddConstant("patches.from", 1),
            graph.AddConstant("patches.to", long.MaxValue),
            graph.AddConstant("patches.axis", 1)]);
        RowHead.AppendLabels(encoder, patches, "lm_head", words);
    }

    // What offsets add: a table for each layer, or one for all.
    private Func<int, string>? OffsetTable(ConfigJson config) =>
        config.Flag("use_shared_relative_position_bias", false) ? _ => $"{root}.encoder.{Table}"
        : config.Flag("use_relative_position_bias", false)
            ? layer => $"{root}.encoder.layer.{layer}.attention.attention.{Table}"
            : null;

    private string Pooled(EncoderGraph encoder, EncoderSizes sizes, bool pools, string rows) => pools
        ? sizes.Norm.Append(
            encoder, "pooler_norm", $"{root}.pooler.layernorm", VisionEncoder.PatchMean(encoder, rows, 1))
        : FirstRow.Append(encoder, rows);

    private void AppendHead(EncoderGraph encoder, EncoderSizes sizes, bool pools, string rows, int labels) =>
        new ClassifierHead(Dense: null, Activation: "", "classifier").Append(
            encoder, Pooled(encoder, sizes, pools, rows), labels);
}
