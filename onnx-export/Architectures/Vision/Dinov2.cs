using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>DINOv2, with registers or without: ViT whose parts are scaled channel by channel, with a gated feed-forward
/// part in the largest.</summary>
/// <param name="name">Name in config.json.</param>
/// <param name="root">Where the model is in the checkpoint, and its <c>model_type</c>.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Dinov2(string name, string root, VisionHead head) : IArchitecture
{
    private const int DefaultRegisters = 4;

    private static readonly EncoderLayerNames Plain = Vit.Layer with
    {
        AttentionNorm = "norm1",
        FeedForwardNorm = "norm2",
        Up = "mlp.fc1",
        Down = "mlp.fc2",
        AttentionFactors = "layer_scale1.lambda1",
        FeedForwardFactors = "layer_scale2.lambda1",
    };

    private static readonly EncoderLayerNames Gated = Plain with
    {
        Up = "mlp.weights_in",
        Down = "mlp.weights_out",
        HasGateBeforeUp = true,
    };

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, config) = (checkpoint.Tensors, checkpoint.Config);
        var isGated = config.Flag("use_swiglu_ffn", false);
        var sizes = ReadSizes(config, isGated);
        var registers = root == "dinov2" ? 0 : config.FindSize("num_register_tokens") ?? DefaultRegisters;
        var embeddings = $"{root}.embeddings";
        List<CheckpointTensor> tokens = [tensors.Require($"{embeddings}.cls_token", 1, 1, sizes.Hidden)];
        if (registers > 0)
        {
            tokens.Add(tensors.Require($"{embeddings}.register_tokens", 1, registers, sizes.Hidden));
        }

        var patches = Patches(checkpoint, sizes.Hidden, embeddings, tokens);
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: false);
        var layers = new EncoderLayers(encoder, sizes, Names(isGated), $"{root}.encoder.layer");
        var model = VisionEncoder.Build(
            encoder,
            config,
            patches,
            layers,
            sizes,
            $"{root}.layernorm",
            head == VisionHead.Classes ? (rows, labels) => AppendHead(encoder, rows, 1 + registers, labels) : null);
        if (head == VisionHead.Hidden)
        {
            PoolerOutput.Append(encoder, FirstRow.Append(encoder, EncoderPorts.Hidden), sizes.Hidden);
        }

        return model;
    }

    // Images are of the size that they come in; positions of another grid are resampled for it, as transformers does.
    private PatchGraph Patches(
        Checkpoint checkpoint, int hidden, string embeddings, IReadOnlyList<CheckpointTensor> tokens)
    {
        var trained = PatchSizes.Read(checkpoint.Config, defaultImage: 224, defaultPatch: 14);
        var shown = PictureSize.Find(checkpoint.Files) is (var height, var width) ? trained.Of(height, width) : trained;
        if (shown != trained && trained.Rows != trained.Columns)
        {
            throw new RefusedException($"config.json: image_size is {trained.Height} × {trained.Width}; positions are "
                + "resampled from squares alone");
        }

        var positions = checkpoint.Tensors.Require($"{embeddings}.position_embeddings", 1, trained.Count + 1, hidden);
        var patches = new PatchGraph(checkpoint.Tensors, hidden, shown, tokens);
        patches.AppendAll(
            $"{embeddings}.patch_embeddings.projection",
            hasBias: true,
            shown == trained
                ? positions
                : new ResampledPositions(positions, Before: 1, shown.Rows, shown.Columns, IsSmoothed: root != "dinov2"),
            positioned: 1);
        return patches;
    }

    // The class token and the mean of the patches, side by side.
    private static void AppendHead(EncoderGraph encoder, string rows, int firstPatch, int labels)
    {
        var both = encoder.Graph.Add(
            "Concat",
            "head/Concat",
            [FirstRow.Append(encoder, rows), VisionEncoder.PatchMean(encoder, rows, firstPatch)],
            NodeAttribute.Int("axis", -1));
        var scores = Linear.FromLinear(
            encoder, "head", both, "classifier", 2 * encoder.HiddenSize, labels, hasBias: true);
        VisionEncoder.Declare(encoder, scores, labels);
    }

    /// <summary>Names inside a layer.</summary>
    /// <param name="isGated">True where the feed-forward part is gated.</param>
    internal static EncoderLayerNames Names(bool isGated) => isGated ? Gated : Plain;

    /// <summary>Sizes of the layers.</summary>
    internal static EncoderSizes ReadSizes(ConfigJson config, bool isGated)
    {
        var hidden = config.Size("hidden_size");
        var inner = config.Width("mlp_ratio", hidden * config.Positive("mlp_ratio", 4));
        return new EncoderSizes(
            hidden,
            isGated ? config.Width("mlp_ratio", (inner * 2L / 3 + 7) / 8 * 8) : inner,
            config.Size("num_hidden_layers"),
            config.Size("num_attention_heads"),
            isGated ? "silu" : config.Text("hidden_act") ?? "gelu",
            config.Positive("layer_norm_eps", 1e-6),
            config.Flag("qkv_bias", true));
    }
}
