using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>CLIP's vision tower on its own: features of every patch and of the image, or the image in the space that it
/// shares with texts, or what it shows. AltCLIP and OWL-ViT have the same.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
/// <param name="modelType">Its <c>model_type</c> where it has no head.</param>
internal sealed class ClipVision(string name, VisionHead head, string modelType = "clip_vision_model") : IArchitecture
{
    private const int DefaultProjection = 512;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? modelType : "";

    /// <summary>What config.json leaves out, where that is not as in CLIP.</summary>
    public string Defaults { get; init; } = "{}";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = head == VisionHead.Classes ? SiglipVision.Tower(checkpoint.Config)
            : checkpoint.Config.WithDefaults(Defaults);
        var tower = new ClipTower(checkpoint.Tensors, config, dtype);
        tower.AppendUntil(tower.Sizes.Layers);
        var rows = tower.Stream.Sum("residual");
        if (head == VisionHead.Classes)
        {
            return Classified(tower, rows, Labels.Read(checkpoint.Config));
        }

        var pooled = tower.Pool(rows);

        var (graph, hidden, width) = (tower.Encoder.Graph, tower.Sizes.Hidden, tower.Sizes.Hidden);
        if (head == VisionHead.Projected)
        {
            width = config.FindSize("projection_dim") ?? DefaultProjection;
            pooled = Linear.FromLinear(
                tower.Encoder, "projection", pooled, "visual_projection", hidden, width, hasBias: false);
            graph.Append("", "Identity", "image_embeds/Identity", [pooled], [EncoderPorts.ImageEmbeds]);
            graph.AddOutput(EncoderPorts.ImageEmbeds, dtype, "batch", width);
        }
        else
        {
            HiddenRows.Append(tower.Encoder, rows);
            PoolerOutput.Append(tower.Encoder, pooled, hidden);
        }

        return new ExportedModel(
            tower.Encoder, hidden, width, tower.Patches.Rows, IsTied: false, new Dictionary<string, CheckpointTensor>())
        {
            Patches = tower.Patches,
        };
    }

    // By the mean of the patches, which no norm comes before.
    private static ExportedModel Classified(ClipTower tower, string rows, Labels labels)
    {
        new ClassifierHead(Dense: null, Activation: "", Output: "classifier").Append(
            tower.Encoder, VisionEncoder.PatchMean(tower.Encoder, rows, 1), labels.Names.Count);
        return new ExportedModel(
            tower.Encoder,
            tower.Sizes.Hidden,
            labels.Names.Count,
            tower.Patches.Rows,
            IsTied: false,
            new Dictionary<string, CheckpointTensor>())
        {
            Labels = labels,
            Patches = tower.Patches,
        };
    }
}
