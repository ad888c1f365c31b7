using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Architectures.Vision;

/// <summary>Image encoders of ViT's kind: patches (the client's part), layers with norms before each part, and a
/// head.</summary>
internal static class VisionEncoder
{
    private const int DefaultImage = 224;
    private const int DefaultPatch = 16;

    /// <summary>What the client computes: patches, with <paramref name="tokens"/> before them.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="config">config.json.</param>
    /// <param name="hidden">Width of a row.</param>
    /// <param name="root">Where the embeddings are in the checkpoint.</param>
    /// <param name="tokens">Names of what stands before the patches.</param>
    /// <param name="positioned">How many of the tokens, the first ones, have a position.</param>
    /// <param name="hasPositions">False where positions are not in the rows.</param>
    public static PatchGraph Patches(
        ITensorStore tensors,
        ConfigJson config,
        int hidden,
        string root,
        IReadOnlyList<CheckpointTensor> tokens,
        int positioned,
        bool hasPositions = true)
    {
        var sizes = PatchSizes.Read(config, DefaultImage, DefaultPatch);
        var patches = new PatchGraph(tensors, hidden, sizes, tokens);
        var positions = hasPositions
            ? tensors.Require($"{root}.position_embeddings", 1, sizes.Count + positioned, hidden)
            : null;
        patches.AppendAll($"{root}.patch_embeddings.projection", hasBias: true, positions, positioned);
        return patches;
    }

    /// <summary>Appends layers and head.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="config">config.json.</param>
    /// <param name="patches">The client's part.</param>
    /// <param name="layers">The layers.</param>
    /// <param name="sizes">Their sizes.</param>
    /// <param name="lastNorm">Name of the last norm, null where there is none.</param>
    /// <param name="head">Appends the classifier, given rows and labels; null for the features of all rows.</param>
    public static ExportedModel Build(
        EncoderGraph encoder,
        ConfigJson config,
        PatchGraph patches,
        EncoderLayers layers,
        EncoderSizes sizes,
        string? lastNorm,
        Action<string, int>? head)
    {
        var rows = layers.AppendPreNorm(encoder.Embeds, lastNorm); // [batch, tokens + patches, hidden]
        var labels = head is null ? null : Labels.Read(config);
        if (labels is null)
        {
            HiddenRows.Append(encoder, rows);
        }
        else
        {
            head!(rows, labels.Names.Count);
        }

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

    /// <summary>The mean of the rows of patches, <c>[batch, hidden]</c>.</summary>
    public static string PatchMean(EncoderGraph encoder, string rows, int firstPatch)
    {
        var graph = encoder.Graph;
        var patches = graph.Add("Slice", "patches/Slice", [
            rows,
            graph.AddConstant("patches.from", firstPatch),
            graph.AddConstant("patches.to", long.MaxValue),
            graph.AddConstant("patches.axis", 1)]);
        return graph.Add(
            "ReduceMean",
            "patches/ReduceMean",
            [patches, graph.AddConstant("patches.mean_axis", 1)],
            NodeAttribute.Int("keepdims", 0));
    }

    /// <summary>Declares scores <c>[batch, labels]</c> as the output.</summary>
    public static void Declare(EncoderGraph encoder, string scores, int labels)
    {
        encoder.Graph.Append("", "Identity", "head/Identity", [scores], [EncoderPorts.Logits]);
        encoder.Graph.AddOutput(EncoderPorts.Logits, encoder.Weights.Dtype, "batch", labels);
    }
}
