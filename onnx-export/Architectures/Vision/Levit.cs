using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>LeViT: four convolutions, then stages of attention whose scores hang on distances, each stage's last one
/// over fewer pixels. It is written as other exporters write it, from pixels on.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Levit(string name, VisionHead head) : IArchitecture
{
    private const string Root = "levit";
    private const int Starts = 4;
    private const int Stages = 3;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var widths = config.Sizes("hidden_sizes") ?? [128, 256, 384];
        if (widths.Count != Stages || (config.Sizes("depths") ?? [4, 4, 4]).Count != Stages)
        {
            throw new RefusedException(
                $"config.json: hidden_sizes has {widths.Count} numbers; it and depths must have {Stages}");
        }

        var side = config.FindSize("image_size") ?? 224;
        var channels = config.FindSize("num_channels") ?? 3;
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, widths[^1], graph => graph.Graph.AddInput(
            EncoderPorts.Pixels, dtype, "batch", channels, side, side));
        var (image, across) = Start(encoder, config, channels, widths[0], side);
        if (across != side / (config.FindSize("patch_size") ?? 16))
        {
            throw new RefusedException($"config.json: image_size is {side}; its convolutions give {across} × {across} "
                + "pixels, which must be image_size / patch_size");
        }

        var rows = Images.Rows(encoder.Graph, "start.rows", image, widths[0]);
        for (var stage = 0; stage < widths.Count; stage++)
        {
            (rows, across) = Stage(encoder, config, widths, stage, rows, across);
        }

        AppendHead(encoder, config, rows, across * across);
        return ImageTail.Model(encoder);
    }

    // Each convolution halves the image and doubles its channels, up to those of the first stage.
    private static (string Image, int Side) Start(
        EncoderGraph encoder, ConfigJson config, int channels, int width, int side)
    {
        var (kernel, step, pad) = (
            config.FindSize("kernel_size") ?? 3, config.FindSize("stride") ?? 2, config.Integer("padding") ?? 1);
        var image = encoder.Embeds;
        for (var part = 1; part <= Starts; part++)
        {
            var outputs = width >> (Starts - part);
            var tensor = $"{Root}.patch_embeddings.embedding_layer_{part}";
            var mixed = new Convolution(channels, outputs, kernel) { Step = step, Pad = pad, HasBias = false }.Append(
                encoder, $"start.{part}", $"{tensor}.convolution", image);
            image = BatchNorm.Append(encoder, $"start.{part}.norm", $"{tensor}.batch_norm", mixed, outputs);
            image = part == Starts ? image : encoder.Graph.Add("HardSwish", $"start.{part}.act", [image]);
            (channels, side) = (outputs, ((side + (2 * pad) - kernel) / step) + 1);
        }

        return (image, side);
    }

    private static (string Rows, int Across) Stage(
        EncoderGraph encoder, ConfigJson config, IReadOnlyList<int> widths, int stage, string rows, int across)
    {
        var keys = Number(config, "key_dim", [16, 16, 16], stage);
        var ratio = Number(config, "attention_ratio", [2, 2, 2], stage);
        var mlp = Number(config, "mlp_ratio", [2, 2, 2], stage);
        var heads = Number(config, "num_attention_heads", [4, 8, 12], stage);
        var (place, width) = (0, widths[stage]);
        for (var layer = 0; layer < Number(config, "depths", [4, 4, 4], stage); layer++)
        {
            var attention = new LevitAttention(encoder, $"stages.{stage}.{place}", Tensor(place) + ".module")
            {
                Inputs = width,
                Outputs = width,
                Heads = heads,
                KeyDim = keys,
                Ratio = ratio,
                Across = across,
            };
            rows = encoder.Graph.Add("Add", $"stages.{stage}.{place}.sum", [rows, attention.Append(rows)]);
            place++;
            rows = Fed(width, mlp);
        }

        if (stage + 1 < widths.Count)
        {
            var first = Number(config, "key_dim", [16, 16, 16], 0);
            var down = new LevitAttention(encoder, $"stages.{stage}.{place}", Tensor(place))
            {
                Inputs = width,
                Outputs = widths[stage + 1],
                Heads = width / first,
                KeyDim = first,
                Ratio = 4,
                Across = across,
                Step = 2,
            };
            (rows, across, width) = (down.Append(rows), (across + 1) / 2, widths[stage + 1]);
            place++;
            rows = Fed(width, 2);
        }

        return (rows, across);

        string Tensor(int index) => $"{Root}.encoder.stages.{stage}.layers.{index}";

        string Fed(int channels, int times)
        {
            var (layer, tensor) = ($"stages.{stage}.{place}", $"{Tensor(place)}.module");
            place++;
            var wide = LevitAttention.Normed(
                encoder, $"{layer}.up", $"{tensor}.linear_up", rows, channels, times * channels);
            return encoder.Graph.Add("Add", $"{layer}.sum", [rows, LevitAttention.Normed(
                encoder,
                $"{layer}.down",
                $"{tensor}.linear_down",
                encoder.Graph.Add("HardSwish", $"{layer}.act", [wide]),
                times * channels,
                channels)]);
        }
    }

    private static int Number(ConfigJson config, string field, IReadOnlyList<int> otherwise, int stage) =>
        (config.Sizes(field) ?? otherwise) is var numbers && stage < numbers.Count ? numbers[stage]
            : throw new RefusedException($"config.json: {field} has no number for stage {stage}");

    private void AppendHead(EncoderGraph encoder, ConfigJson config, string rows, int count)
    {
        var (graph, width) = (encoder.Graph, encoder.HiddenSize);
        var mean = graph.Add(
            "ReduceMean", "pooler/ReduceMean", [rows, graph.AddConstant("pooler.axis", 1)],
            NodeAttribute.Int("keepdims", 0));
        if (head == VisionHead.Hidden)
        {
            graph.Append("", "Identity", "last_hidden_state/Identity", [rows], [EncoderPorts.Hidden]);
            graph.AddOutput(EncoderPorts.Hidden, encoder.Weights.Dtype, "batch", count, width);
            PoolerOutput.Append(encoder, mean, width);
            return;
        }

        var labels = Labels.Read(config).Names.Count;
        var scores = Scores("classifier");
        scores = head == VisionHead.Classes ? scores : graph.Add("Mul", "head.mean", [
            graph.Add("Add", "head.both", [scores, Scores("classifier_distill")]),
            encoder.SharedScalar("head.half", 0.5)]);
        VisionEncoder.Declare(encoder, scores, labels);

        string Scores(string part) => Linear.FromLinear(
            encoder,
            part,
            BatchNorm.Append(encoder, $"{part}.norm", $"{part}.batch_norm", mean, width),
            $"{part}.linear",
            width,
            labels,
            hasBias: true);
    }
}
