using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>BLIP's vision tower: ViT whose queries, keys and values are one matrix; the class token's row goes through
/// the last norm twice.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class BlipVision(string name, string modelType) : IArchitecture
{
    private const string Root = "vision_model";

    private static readonly EncoderLayerNames Layer = ClipTower.Layer with
    {
        Query = "",
        Key = "",
        Value = "",
        Output = "self_attn.projection",
        Packed = "self_attn.qkv",
    };

    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, tower) = (checkpoint.Tensors, checkpoint.Config);
        var sizes = ReadSizes(tower);
        var hidden = sizes.Hidden;
        var cut = PatchSizes.Read(tower, defaultImage: 384, defaultPatch: 16);
        var patches = new PatchGraph(
            tensors, hidden, cut, [tensors.Require($"{Root}.embeddings.class_embedding", 1, 1, hidden)]);
        patches.AppendAll(
            $"{Root}.embeddings.patch_embedding",
            hasBias: true,
            tensors.Require($"{Root}.embeddings.position_embedding", 1, cut.Count + 1, hidden),
            positioned: 1);
        var encoder = new EncoderGraph(tensors, dtype, hidden, isMasked: false);
        var last = sizes.Norm;
        var rows = new EncoderLayers(encoder, sizes, Layer, $"{Root}.encoder.layers").AppendPreNorm(
            encoder.Embeds, lastNorm: null);
        rows = last.Append(encoder, "final_norm", $"{Root}.post_layernorm", rows, HeadPadding.None(hidden));
        HiddenRows.Append(encoder, rows);
        var pooled = last.Append(
            encoder, "pooler_norm", $"{Root}.post_layernorm", FirstRow.Append(encoder, rows), HeadPadding.None(hidden));
        PoolerOutput.Append(encoder, pooled, hidden);
        return new ExportedModel(
            encoder, hidden, hidden, patches.Rows, IsTied: false, new Dictionary<string, CheckpointTensor>())
        {
            Patches = patches,
        };
    }

    /// <summary>The tower from pixels on, for a decoder that reads its rows.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="tower">What describes the tower.</param>
    /// <param name="dtype">Type the graph computes in.</param>
    /// <returns>A graph that gives <c>last_hidden_state</c>, and the width of its rows.</returns>
    internal static (EncoderGraph Graph, int Width) States(ITensorStore tensors, ConfigJson tower, TensorDtype dtype)
    {
        var (sizes, cut) = (ReadSizes(tower), PatchSizes.Read(tower, defaultImage: 384, defaultPatch: 16));
        var encoder = new EncoderGraph(tensors, dtype, sizes.Hidden, graph => PixelStates.Start(
            graph,
            cut,
            $"{Root}.embeddings.patch_embedding",
            $"{Root}.embeddings.position_embedding",
            [$"{Root}.embeddings.class_embedding"]));
        HiddenRows.Append(encoder, new EncoderLayers(encoder, sizes, Layer, $"{Root}.encoder.layers").AppendPreNorm(
            encoder.Embeds, $"{Root}.post_layernorm"));
        return (encoder, sizes.Hidden);
    }

    private static EncoderSizes ReadSizes(ConfigJson tower) => new(
        tower.FindSize("hidden_size") ?? 768,
        tower.FindSize("intermediate_size") ?? 3072,
        tower.FindSize("num_hidden_layers") ?? 12,
        tower.FindSize("num_attention_heads") ?? 12,
        tower.Text("hidden_act") ?? "gelu",
        tower.Positive("layer_norm_eps", 1e-5));
}
