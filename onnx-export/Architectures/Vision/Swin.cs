using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>Swin: patches see each other within windows, which every other block shifts; between stages four patches
/// become one, twice as wide.</summary>
/// <param name="name">Name in config.json.</param>
/// <param name="head">What it ends in.</param>
/// <param name="root">Name of the model in the checkpoint: <c>swin</c>, or <c>swinv2</c>.</param>
internal sealed class Swin(string name, VisionHead head, string root = "swin") : IArchitecture
{
    private const string Second = "swinv2";
    private const double OuterEpsilon = 1e-5;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, config) = (checkpoint.Tensors, checkpoint.Config);
        config.RefuseFlag("use_absolute_embeddings");
        var width = config.FindSize("embed_dim") ?? 96;
        var sizes = PatchSizes.Read(config, defaultImage: 224, defaultPatch: 4).Filled();
        var patches = new PatchGraph(tensors, width, sizes, []);
        patches.AppendAll(
            $"{root}.embeddings.patch_embeddings.projection", hasBias: true, positions: null, positioned: 0);
        var encoder = new EncoderGraph(tensors, dtype, width, isMasked: false);
        var rows = Norm.Layer(OuterEpsilon).Append(
            encoder, "embedding_norm", $"{root}.embeddings.norm", encoder.Embeds);

        (rows, width, var count) = AppendStages(encoder, config, root, sizes, rows);
        rows = Norm.Layer(config.Positive("layer_norm_eps", 1e-5)).Append(
            encoder, "final_norm", $"{root}.layernorm", rows, HeadPadding.None(width));
        var labels = head == VisionHead.Classes ? Labels.Read(config) : null;
        AppendOutputs(encoder, rows, count, width, labels);
        return new ExportedModel(
            encoder,
            patches.HiddenSize,
            labels?.Names.Count ?? width,
            patches.Rows,
            IsTied: false,
            new Dictionary<string, CheckpointTensor>())
        {
            Labels = labels,
            Patches = patches,
        };
    }

    /// <summary>Appends all stages.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="config">config.json.</param>
    /// <param name="root">Name of the model in the checkpoint.</param>
    /// <param name="sizes">How images are cut.</param>
    /// <param name="rows">Rows that enter the first stage.</param>
    /// <returns>Rows after the last stage, their width, and how many an image has.</returns>
    internal static (string Rows, int Width, int Count) AppendStages(
        EncoderGraph encoder, ConfigJson config, string root, PatchSizes sizes, string rows)
    {
        var depths = config.Sizes("depths") ?? [2, 2, 6, 2];
        var (down, across, width) = (sizes.Rows, sizes.Columns, encoder.HiddenSize);
        var stage = new SwinStage(encoder, config, root, root == Second);
        for (var i = 0; i < depths.Count; i++)
        {
            rows = stage.AppendBlocks(rows, i, depths[i], down, across, width);
            if (i + 1 < depths.Count)
            {
                rows = stage.AppendMerging(rows, i, down, across, width);
                (down, across, width) = ((down + 1) / 2, (across + 1) / 2, 2 * width);
            }
        }

        return (rows, width, down * across);
    }

    private static void AppendOutputs(EncoderGraph encoder, string rows, int count, int width, Labels? labels)
    {
        var graph = encoder.Graph;
        var mean = graph.Add(
            "ReduceMean",
            "pooler/ReduceMean",
            [rows, graph.AddConstant("pooler.axis", 1)],
            NodeAttribute.Int("keepdims", 0));
        if (labels is not null)
        {
            var scores = Linear.FromLinear(
                encoder, "head", mean, "classifier", width, labels.Names.Count, hasBias: true);
            VisionEncoder.Declare(encoder, scores, labels.Names.Count);
            return;
        }

        graph.Append("", "Identity", "last_hidden_state/Identity", [rows], [EncoderPorts.Hidden]);
        graph.AddOutput(EncoderPorts.Hidden, encoder.Weights.Dtype, "batch", count, width);
        PoolerOutput.Append(encoder, mean, width);
    }
}
