using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>CLIP's vision tower on its own: features of every patch and of the image, or the image in the space that it
/// shares with texts.</summary>
internal sealed class ClipVision(string name, VisionHead head) : IArchitecture
{
    private const int DefaultProjection = 512;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? "clip_vision_model" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var tower = new ClipTower(checkpoint.Tensors, config, dtype);
        tower.AppendUntil(tower.Sizes.Layers);
        var rows = tower.Stream.Sum("residual");
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
            graph.Append("", "Identity", "pooler_output/Identity", [pooled], [EncoderPorts.Pooled]);
            graph.AddOutput(EncoderPorts.Pooled, dtype, "batch", hidden);
        }

        return new ExportedModel(
            tower.Encoder, hidden, width, tower.Patches.Rows, IsTied: false, new Dictionary<string, CheckpointTensor>())
        {
            Patches = tower.Patches,
        };
    }
}
