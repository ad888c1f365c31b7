using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>DINOv3 (its ViT): DINOv2 whose patches turn queries and keys by their place in the image; the tokens before
/// them stay.</summary>
internal sealed class Dinov3 : IArchitecture
{
    private const string Patches = "embeddings.patch_embeddings";

    private static readonly EncoderLayerNames Layer = new(
        Query: "attention.q_proj",
        Key: "attention.k_proj",
        Value: "attention.v_proj",
        Output: "attention.o_proj",
        AttentionNorm: "norm1",
        Up: "mlp.up_proj",
        Down: "mlp.down_proj",
        FeedForwardNorm: "norm2")
    {
        AttentionFactors = "layer_scale1.lambda1",
        FeedForwardFactors = "layer_scale2.lambda1",
    };

    public string Name => "DINOv3ViTModel";

    public string ModelType => "dinov3_vit";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, config) = (checkpoint.Tensors, checkpoint.Config);
        var sizes = ReadSizes(config);
        var (hidden, registers) = (sizes.Hidden, config.Count("num_register_tokens"));
        List<CheckpointTensor> tokens = [tensors.Require("embeddings.cls_token", 1, 1, hidden)];
        if (registers > 0)
        {
            tokens.Add(tensors.Require("embeddings.register_tokens", 1, registers, hidden));
        }

        var cut = PatchSizes.Read(config, defaultImage: 224, defaultPatch: 16);
        var patches = new PatchGraph(tensors, hidden, cut, tokens);
        patches.AppendAll(Patches, hasBias: true, positions: null, positioned: 0);
        var encoder = new EncoderGraph(tensors, dtype, hidden, isMasked: false);
        var positions = new RowPositions(PatchTurns.Append(
            encoder, cut, 1 + registers, sizes.HeadDim, config.Positive("rope_theta", 100)));
        var names = Layer with
        {
            Gate = config.Flag("use_gated_mlp", false) ? "mlp.gate_proj" : null,
            HasQueryBias = config.Flag("query_bias", true),
            HasKeyBias = config.Flag("key_bias", false),
            HasValueBias = config.Flag("value_bias", true),
        };

        // Some versions of transformers save layers one name deeper.
        var prefix = tensors.Has("model.layer.0.norm1.weight") ? "model.layer" : "layer";
        var layers = new EncoderLayers(encoder, sizes, names, prefix) { Positions = _ => positions };
        var model = VisionEncoder.Build(encoder, config, patches, layers, sizes, "norm", head: null);
        var pooled = FirstRow.Append(encoder, EncoderPorts.Hidden);
        PoolerOutput.Append(encoder, pooled, hidden);
        return model;
    }

    private static EncoderSizes ReadSizes(ConfigJson config)
    {
        var hasInnerBias = config.Flag("mlp_bias", true);
        return new EncoderSizes(
            config.Size("hidden_size"),
            config.Size("intermediate_size"),
            config.Size("num_hidden_layers"),
            config.Size("num_attention_heads"),
            config.Text("hidden_act") ?? "gelu",
            config.Positive("layer_norm_eps", 1e-5))
        {
            HasOutputBias = config.Flag("proj_bias", true),
            HasInnerBias = hasInnerBias,
            HasDownBias = hasInnerBias,
        };
    }
}
