using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>CLIP's vision tower: ViT with a norm before the first layer, QuickGELU and no bias on patches.</summary>
internal sealed class ClipTower
{
    private const string Root = "vision_model";
    private const int DefaultImage = 224;
    private const int DefaultPatch = 32;

    /// <summary>Names inside a layer, which SigLIP shares.</summary>
    internal static readonly EncoderLayerNames Layer = new(
        Query: "self_attn.q_proj",
        Key: "self_attn.k_proj",
        Value: "self_attn.v_proj",
        Output: "self_attn.out_proj",
        AttentionNorm: "layer_norm1",
        Up: "mlp.fc1",
        Down: "mlp.fc2",
        FeedForwardNorm: "layer_norm2");

    private readonly EncoderLayers _layers;
    private int _appended;

    public ClipTower(ITensorStore tensors, ConfigJson config, TensorDtype dtype)
    {
        Sizes = ReadSizes(config);
        Encoder = new EncoderGraph(tensors, dtype, Sizes.Hidden, isMasked: false);
        Patches = ReadPatches(tensors, config, Sizes.Hidden);
        _layers = new EncoderLayers(Encoder, Sizes, Layer, $"{Root}.encoder.layers");

        // CLIP's checkpoints misspell the tensor's name, OWL-ViT's do not.
        var norm = tensors.Has($"{Root}.pre_layrnorm.weight") ? "pre_layrnorm" : "pre_layernorm";
        var start = Sizes.Norm.Append(Encoder, "pre_norm", $"{Root}.{norm}", Encoder.Embeds);
        Stream = new ResidualStream(Encoder, start);
    }

    public EncoderSizes Sizes { get; }

    public EncoderGraph Encoder { get; }

    public PatchGraph Patches { get; }

    /// <summary>The stream <c>[batch, 1 + patches, hidden]</c> after the layers appended so far.</summary>
    public ResidualStream Stream { get; }

    /// <summary>Appends layers until there are <paramref name="layers"/> of them.</summary>
    public void AppendUntil(int layers)
    {
        for (; _appended < layers; _appended++)
        {
            _layers.AppendPreNorm(Stream, _appended);
        }
    }

    /// <summary>The features of the whole image: the class token's row through the last norm, <c>[batch,
    /// hidden]</c>.</summary>
    public string Pool(string rows) => Sizes.Norm.Append(
        Encoder, "post_norm", $"{Root}.post_layernorm", FirstRow.Append(Encoder, rows));

    private static EncoderSizes ReadSizes(ConfigJson config) => new(
        config.FindSize("hidden_size") ?? 768,
        config.FindSize("intermediate_size") ?? 3072,
        config.FindSize("num_hidden_layers") ?? 12,
        config.FindSize("num_attention_heads") ?? 12,
        config.Text("hidden_act") ?? "quick_gelu",
        config.Positive("layer_norm_eps", 1e-5));

    private static PatchGraph ReadPatches(ITensorStore tensors, ConfigJson config, int hidden)
    {
        var sizes = PatchSizes.Read(config, DefaultImage, DefaultPatch);
        var token = tensors.Require($"{Root}.embeddings.class_embedding", hidden);
        var patches = new PatchGraph(tensors, hidden, sizes, [token]);
        patches.AppendAll(
            $"{Root}.embeddings.patch_embedding",
            hasBias: false,
            tensors.Require($"{Root}.embeddings.position_embedding.weight", patches.Rows, hidden),
            positioned: 1);
        return patches;
    }
}
