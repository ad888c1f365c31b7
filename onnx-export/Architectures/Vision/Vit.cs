using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>ViT: patches, a class token and positions (the client's part), norms before each part, GELU. ViT-MSN is the
/// same; I-JEPA has no class token.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
/// <param name="root">What the names of its tensors begin with, and its <c>model_type</c>.</param>
internal sealed class Vit(string name, VisionHead head, string root = "vit") : IArchitecture
{
    private const string Jepa = "ijepa";
    private const string Msn = "vit_msn";
    private const string MsnDefaults = """{"layer_norm_eps": 1e-6}""";

    private readonly string _root = root == Jepa ? root : "vit";

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? root : "";

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
        var sizes = ReadSizes(root == Msn ? config.WithDefaults(MsnDefaults) : config);
        var embeddings = $"{_root}.embeddings";
        List<CheckpointTensor> tokens = root == Jepa
            ? []
            : [tensors.Require($"{embeddings}.cls_token", 1, 1, sizes.Hidden)];
        var patches = VisionEncoder.Patches(tensors, config, sizes.Hidden, embeddings, tokens, tokens.Count);
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: false);
        var layers = new EncoderLayers(encoder, sizes, Layer, $"{_root}.encoder.layer");
        var classifier = new ClassifierHead(Dense: null, Activation: "", Output: "classifier");
        var model = VisionEncoder.Build(
            encoder,
            config,
            patches,
            layers,
            sizes,
            $"{_root}.layernorm",
            head == VisionHead.Classes
                ? (rows, labels) => classifier.Append(encoder, Pooled(encoder, rows), labels)
                : null);
        if (head == VisionHead.Hidden && root == "vit")
        {
            AppendPooler(encoder, config, "vit");
        }

        return model;
    }

    /// <summary>Appends what stands for the whole image, where the checkpoint has it.</summary>
    internal static void AppendPooler(EncoderGraph encoder, ConfigJson config, string root) =>
        PoolerOutput.AppendDense(
            encoder,
            $"{root}.pooler.dense",
            config.Text("pooler_act") ?? "tanh",
            config.FindSize("pooler_output_size") ?? encoder.HiddenSize);

    private string Pooled(EncoderGraph encoder, string rows) => root == Jepa
        ? VisionEncoder.PatchMean(encoder, rows, firstPatch: 0)
        : FirstRow.Append(encoder, rows);

    internal static EncoderSizes ReadSizes(ConfigJson config) => new(
        config.Size("hidden_size"),
        config.Size("intermediate_size"),
        config.Size("num_hidden_layers"),
        config.Size("num_attention_heads"),
        config.Text("hidden_act") ?? "gelu",
        config.Positive("layer_norm_eps", 1e-12),
        config.Flag("qkv_bias", true));
}
