using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>BEiT (and Data2Vec's images): ViT whose layers know positions by what two patches' offset adds to the
/// scores of each head; keys have no bias.</summary>
/// <param name="name">Name in config.json.</param>
/// <param name="root">Where the model is in the checkpoint.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Beit(string name, string root, VisionHead head) : IArchitecture
{
    private const string Factors = "lambda_1";

    public string Name => name;

    public string ModelType => head != VisionHead.Hidden ? "" : root == "beit" ? "beit" : "data2vec-vision";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, config) = (checkpoint.Tensors, checkpoint.Config);
        if (config.Flag("use_shared_relative_position_bias", false) || !config.Flag("use_mean_pooling", true))
        {
            throw new RefusedException("config.json: a BEiT with use_shared_relative_position_bias, or without "
                + "use_mean_pooling, is not supported");
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
        var hasFactors = config.Switch("layer_scale_init_value", false);
        var names = Vit.Layer with
        {
            HasKeyBias = false,
            AttentionFactors = hasFactors ? Factors : null,
            FeedForwardFactors = hasFactors ? "lambda_2" : null,
        };
        var layers = new EncoderLayers(encoder, sizes, names, $"{root}.encoder.layer")
        {
            Positions = config.Flag("use_relative_position_bias", false)
                ? new PatchOffsets(patches.Sizes, sizes.Heads, $"{root}.encoder.layer").Positions(encoder)
                : null,
        };
        return VisionEncoder.Build(
            encoder,
            config,
            patches,
            layers,
            sizes,
            lastNorm: null,
            head == VisionHead.Classes ? (rows, labels) => AppendHead(encoder, sizes, rows, labels) : null);
    }

    private void AppendHead(EncoderGraph encoder, EncoderSizes sizes, string rows, int labels)
    {
        var pooled = sizes.Norm.Append(
            encoder, "pooler_norm", $"{root}.pooler.layernorm", VisionEncoder.PatchMean(encoder, rows, 1));
        new ClassifierHead(Dense: null, Activation: "", "classifier").Append(encoder, pooled, labels);
    }
}
