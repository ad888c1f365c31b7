using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>ViT: patches, a class token and positions (the client's part), norms before each part, GELU.</summary>
internal sealed class Vit(string name, VisionHead head) : IArchitecture
{
    private const string Embeddings = "vit.embeddings";

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? "vit" : "";

    /// <summary>Names inside a layer, which ViT's kin share.</summary>
    internal static EncoderLayerNames Layer => new(
        Query: "attention.attention.query",
        Key: "attention.attention.key",
        Value: "attention.attention.value",
        Output: "attention.output.dense",
        AttentionNorm: "layernorm_before",
        Up: "intermediate.dense",
        Down: "output.dense",
        FeedForwardNorm: "layernorm_after");

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, config) = (checkpoint.Tensors, checkpoint.Config);
        var sizes = ReadSizes(config);
        var patches = VisionEncoder.Patches(
            tensors,
            config,
            sizes.Hidden,
            Embeddings,
            [tensors.Require($"{Embeddings}.cls_token", 1, 1, sizes.Hidden)],
            positioned: 1);
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: false);
        var layers = new EncoderLayers(encoder, sizes, Layer, "vit.encoder.layer");
        var classifier = new ClassifierHead(Dense: null, Activation: "", Output: "classifier");
        return VisionEncoder.Build(
            encoder,
            config,
            patches,
            layers,
            sizes,
            "vit.layernorm",
            head == VisionHead.Classes
                ? (rows, labels) => classifier.Append(encoder, FirstRow.Append(encoder, rows), labels)
                : null);
    }

    internal static EncoderSizes ReadSizes(ConfigJson config) => new(
        config.Size("hidden_size"),
        config.Size("intermediate_size"),
        config.Size("num_hidden_layers"),
        config.Size("num_attention_heads"),
        config.Text("hidden_act") ?? "gelu",
        config.Positive("layer_norm_eps", 1e-12),
        config.Flag("qkv_bias", true));
}
