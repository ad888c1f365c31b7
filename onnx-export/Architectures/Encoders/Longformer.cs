using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>Longformer: RoBERTa whose tokens see those near them. Where the whole text is classified, the first token
/// sees all through projections of its own, and all see it.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Longformer(string name, TextHead head) : IArchitecture
{
    private const string Root = "longformer";
    private const int DefaultWindow = 512;

    private static readonly string[] GlobalParts = ["query_global", "key_global", "value_global"];

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var basis = Bert.ReadConfig(config, Roberta.FirstPosition(config));
        var windows = config.Sizes("attention_window") ?? [DefaultWindow];
        if (windows.Any(window => window % 2 > 0) || (windows.Count > 1 && windows.Count != basis.Sizes.Layers))
        {
            throw new RefusedException($"config.json: attention_window is {string.Join(", ", windows)}; it must be one "
                + $"even number, or one for each of the {basis.Sizes.Layers} layers");
        }

        var names = Roberta.Names(Root) with
        {
            LayerPositions = encoder => layer => new RowPositions(
                ScoreBias: RowDistances.AppendWindow(encoder, Farthest(layer))),
        };
        if (head == TextHead.Classes)
        {
            names = names with
            {
                LayerPositions = null,
                LayerAttention = encoder => new FirstRowAttention(encoder, basis.Sizes, Bert.Layer, Farthest).Append,
            };
        }
        else
        {
            NoteGlobalParts(checkpoint.Tensors, basis.Sizes.Layers);
        }

        return TextEncoder.Build(checkpoint, dtype, basis, names, head);

        int Farthest(int layer) => windows[windows.Count > 1 ? layer : 0] / 2;
    }

    // Files have them, and no token of these models attends so: asked for, they count as known.
    private static void NoteGlobalParts(ITensorStore tensors, int layers)
    {
        foreach (var part in GlobalParts)
        {
            for (var layer = 0; layer < layers; layer++)
            {
                tensors.Has($"{Root}.encoder.layer.{layer}.attention.self.{part}.weight");
                tensors.Has($"{Root}.encoder.layer.{layer}.attention.self.{part}.bias");
            }
        }
    }
}
