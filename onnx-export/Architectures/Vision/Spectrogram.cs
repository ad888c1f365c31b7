using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>Audio spectrogram transformer: DeiT on overlapping patches of a spectrogram; what stands for the sound is
/// the mean of the two tokens before them.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Spectrogram(string name, VisionHead head) : IArchitecture
{
    private const string Root = "audio_spectrogram_transformer";
    private const string Embeddings = $"{Root}.embeddings";

    // Overlapping patches are picked by a table of as many places, which the client has.
    private const long MostPlaces = 1 << 26;

    private static readonly string[] Tokens = ["cls_token", "distillation_token"];

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? "audio-spectrogram-transformer" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (tensors, config) = (checkpoint.Tensors, checkpoint.Config);
        var sizes = Vit.ReadSizes(config);
        var hidden = sizes.Hidden;
        var patches = new PatchGraph(
            tensors,
            hidden,
            Cut(config),
            [.. Tokens.Select(token => tensors.Require($"{Embeddings}.{token}", 1, 1, hidden))])
        {
            HearsSound = true,
        };
        patches.AppendAll(
            $"{Embeddings}.patch_embeddings.projection",
            hasBias: true,
            tensors.Require($"{Embeddings}.position_embeddings", 1, patches.Rows, hidden),
            positioned: Tokens.Length);
        var encoder = new EncoderGraph(tensors, dtype, hidden, isMasked: false);
        var layers = new EncoderLayers(encoder, sizes, Vit.Layer, $"{Root}.encoder.layer");
        var model = VisionEncoder.Build(
            encoder,
            config,
            patches,
            layers,
            sizes,
            $"{Root}.layernorm",
            head == VisionHead.Classes ? (rows, labels) => AppendHead(encoder, sizes, rows, labels) : null);
        if (head == VisionHead.Hidden)
        {
            var pooled = Pooled(encoder, EncoderPorts.Hidden);
            PoolerOutput.Append(encoder, pooled, hidden);
        }

        return model;
    }

    private static void AppendHead(EncoderGraph encoder, EncoderSizes sizes, string rows, int labels)
    {
        var normed = sizes.Norm.Append(encoder, "head.norm", "classifier.layernorm", Pooled(encoder, rows));
        new ClassifierHead(Dense: null, Activation: "", Output: "classifier.dense").Append(encoder, normed, labels);
    }

    private static string Pooled(EncoderGraph encoder, string rows)
    {
        var graph = encoder.Graph;
        var both = graph.Add("Slice", "tokens/Slice", [
            rows,
            graph.AddConstant("tokens.from", 0),
            graph.AddConstant("tokens.to", Tokens.Length),
            graph.AddConstant("tokens.axis", 1)]);
        return graph.Add(
            "ReduceMean",
            "tokens/ReduceMean",
            [both, graph.AddConstant("tokens.mean_axis", 1)],
            Onnx.Model.NodeAttribute.Int("keepdims", 0));
    }

    // Frequencies are rows, moments are columns.
    private static PatchSizes Cut(ConfigJson config)
    {
        var patch = config.FindSize("patch_size") ?? 16;
        var cut = new PatchSizes(
            config.FindSize("num_mel_bins") ?? 128, config.FindSize("max_length") ?? 1024, patch, Channels: 1)
        {
            StepDown = config.FindSize("frequency_stride") ?? 10,
            StepAcross = config.FindSize("time_stride") ?? 10,
        };
        var count = (long)cut.Rows * cut.Columns;
        if (cut.Height < patch || cut.Width < patch || count > PatchSizes.MostPatches)
        {
            throw new RefusedException($"config.json: num_mel_bins is {cut.Height} and max_length {cut.Width}; each "
                + $"must be at least patch_size ({patch}), with 1..{PatchSizes.MostPatches} patches");
        }

        var places = (double)count * patch * patch;
        return places <= MostPlaces ? cut : throw new RefusedException($"config.json: {count} overlapping patches of "
            + $"{patch} × {patch} (patch_size, frequency_stride, time_stride) have {places} places; there may be "
            + $"1..{MostPlaces}");
    }
}
