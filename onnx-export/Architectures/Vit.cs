using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>ViT: patches, a class token and positions (the client's part), norms before each part, GELU.</summary>
internal sealed class Vit(string name, VisionHead head) : IArchitecture
{
    private const int DefaultImage = 224;
    private const int DefaultPatch = 16;
    private const string Embeddings = "vit.embeddings";

    private static readonly EncoderLayerNames Layer = new(
        Query: "attention.attention.query",
        Key: "attention.attention.key",
        Value: "attention.attention.value",
        Output: "attention.output.dense",
        AttentionNorm: "layernorm_before",
        Up: "intermediate.dense",
        Down: "output.dense",
        FeedForwardNorm: "layernorm_after");

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? "vit" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, config) = (checkpoint.Tensors, checkpoint.Config);
        var sizes = new EncoderSizes(
            config.Size("hidden_size"),
            config.Size("intermediate_size"),
            config.Size("num_hidden_layers"),
            config.Size("num_attention_heads"),
            config.Text("hidden_act") ?? "gelu",
            config.Positive("layer_norm_eps", 1e-12),
            config.Flag("qkv_bias", true));
        var labels = head == VisionHead.Classes ? Labels.Read(config) : null;

        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, isMasked: false);
        var layers = new EncoderLayers(encoder, sizes, Layer, "vit.encoder.layer");
        var stream = new ResidualStream(encoder); // [batch, 1 + patches, hidden]
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            layers.AppendPreNorm(stream, layer);
        }

        var rows = stream.Through(sizes.Norm, "final_norm", "vit.layernorm");
        if (labels is not null)
        {
            var classifier = new ClassifierHead(Dense: null, Activation: "", Output: "classifier");
            classifier.Append(encoder, FirstRow.Append(encoder, rows), labels.Names.Count);
        }
        else
        {
            HiddenRows.Append(encoder, rows);
        }

        var patches = Patches(tensors, config, sizes.Hidden);
        return new ExportedModel(
            encoder,
            sizes.Hidden,
            labels?.Names.Count ?? sizes.Hidden,
            patches.Rows,
            IsTied: false,
            new Dictionary<string, CheckpointTensor>())
        {
            Labels = labels,
            Patches = patches,
        };
    }

    private static PatchGraph Patches(ITensorStore tensors, ConfigJson config, int hidden)
    {
        var patches = new PatchGraph(tensors, hidden, PatchSizes.Read(config, DefaultImage, DefaultPatch));
        patches.AppendAll(
            $"{Embeddings}.patch_embeddings.projection",
            hasBias: true,
            tensors.Require($"{Embeddings}.cls_token", 1, 1, hidden),
            tensors.Require($"{Embeddings}.position_embeddings", 1, patches.Rows, hidden));
        return patches;
    }
}
