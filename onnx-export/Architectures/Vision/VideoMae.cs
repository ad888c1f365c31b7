using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>VideoMAE: ViT on blocks of a few frames each, with waves for positions and keys without biases. It is
/// written as other exporters write it, from pixels on.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class VideoMae(string name, VisionHead head) : IArchitecture
{
    private const string Root = "videomae";

    // That of the pooler's norm is not the one that config.json gives.
    private const double PoolerEpsilon = 1e-5;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var sizes = Vit.ReadSizes(config) with { HasQkvBias = false };
        var names = Vit.Layer;
        if (config.Flag("qkv_bias", true))
        {
            sizes = sizes with { HasQkvBias = true };
            names = names with { HasKeyBias = false };
        }

        var encoder = new EncoderGraph(
            new RenamedTensors(checkpoint.Tensors, [.. Enumerable.Range(0, sizes.Layers).SelectMany(Biases), ("", "")]),
            dtype,
            sizes.Hidden,
            graph => Start(graph, config));
        var pools = config.Flag("use_mean_pooling", true);
        var rows = new EncoderLayers(encoder, sizes, names, $"{Root}.encoder.layer").AppendPreNorm(
            encoder.Embeds, pools ? null : $"{Root}.layernorm");
        if (head == VisionHead.Hidden)
        {
            HiddenRows.Append(encoder, rows);
        }
        else
        {
            var row = pools
                ? Norm.Layer(PoolerEpsilon).Append(
                    encoder, "pooler_norm", "fc_norm", VisionEncoder.PatchMean(encoder, rows, 0))
                : FirstRow.Append(encoder, rows);
            new ClassifierHead(Dense: null, Activation: "", Output: "classifier").Append(
                encoder, row, Labels.Read(config).Names.Count);
        }

        return ImageTail.Model(encoder);
    }

    // Biases stand beside the matrices, and not under them.
    private static IEnumerable<(string, string)> Biases(int layer)
    {
        var attention = $"{Root}.encoder.layer.{layer}.attention.attention";
        return [($"{attention}.query.bias", $"{attention}.q_bias"), ($"{attention}.value.bias", $"{attention}.v_bias")];
    }

    private static string Start(EncoderGraph encoder, ConfigJson config)
    {
        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        var cut = PatchSizes.Read(config, defaultImage: 224, defaultPatch: 16);
        var (frames, depth) = (config.FindSize("num_frames") ?? 16, config.FindSize("tubelet_size") ?? 2);
        if (frames % depth != 0)
        {
            throw new RefusedException(
                $"config.json: tubelet_size is {depth}; it must divide num_frames ({frames})");
        }

        var blocks = new FrameBlocks(frames, depth, cut);
        var rows = blocks.Append(encoder, $"{Root}.embeddings.patch_embeddings.projection");
        var places = graph.AddWeight(
            "positions", encoder.Weights.Table([1, blocks.Count, hidden], Waves(blocks.Count, hidden)));
        return graph.Add("Add", "positions/Add", [rows, places]);
    }

    // Sines of even channels, cosines of odd ones, both of the same angle.
    private static float[] Waves(int count, int hidden)
    {
        var table = new float[count * hidden];
        for (var i = 0; i < table.Length; i++)
        {
            var (place, channel) = Math.DivRem(i, hidden);
            var angle = place / Math.Pow(10000, 2.0 * (channel / 2) / hidden);
            table[i] = (float)(channel % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle));
        }

        return table;
    }
}
