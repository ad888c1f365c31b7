using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>TimeSformer: ViT on the patches of every frame of a video, which know their place and their time, and see
/// those of all times at their place, then those of all places at their time (or all at once). It is written as other
/// exporters write it, from pixels on.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Timesformer(string name, VisionHead head) : IArchitecture
{
    private const string Root = "timesformer";
    private const string Embeddings = $"{Root}.embeddings";
    private const string Layers = $"{Root}.encoder.layer";
    private const string Divided = "divided_space_time";
    private const string Defaults = """
        {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
         "layer_norm_eps": 1e-6}
        """;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? Root : "";

    /// <summary>Names inside a layer.</summary>
    internal static EncoderLayerNames Layer => Vit.Layer with
    {
        Query = "",
        Key = "",
        Value = "",
        Packed = "attention.attention.qkv",
    };

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        config.RefuseUnless("attention_type", Divided, "joint_space_time");
        var (sizes, frames) = (Vit.ReadSizes(config), config.FindSize("num_frames") ?? 8);
        var cut = PatchSizes.Read(config, defaultImage: 224, defaultPatch: 16);
        var encoder = new EncoderGraph(
            checkpoint.Tensors, dtype, sizes.Hidden, graph => Start(graph, cut, frames));
        var rows = config.Text("attention_type") is null or Divided
            ? sizes.Norm.Append(encoder, "final_norm", $"{Root}.layernorm", new SpaceTimeLayers(
                encoder, sizes, Layer, frames, cut.Count).Append(Layers, encoder.Embeds))
            : new EncoderLayers(encoder, sizes, Layer, Layers).AppendPreNorm(encoder.Embeds, $"{Root}.layernorm");
        if (head == VisionHead.Classes)
        {
            new ClassifierHead(Dense: null, Activation: "", Output: "classifier").Append(
                encoder, FirstRow.Append(encoder, rows), Labels.Read(config).Names.Count);
        }
        else
        {
            HiddenRows.Append(encoder, rows);
        }

        return ImageTail.Model(encoder);
    }

    // A class token, then every place at all times.
    private static string Start(EncoderGraph encoder, PatchSizes cut, int frames)
    {
        var (graph, hidden, stored) = (encoder.Graph, encoder.HiddenSize, encoder.Tensors);
        var pixels = graph.AddInput(
            EncoderPorts.Pixels, encoder.Weights.Dtype, "batch", frames, cut.Channels, cut.Height, cut.Width);
        var pictures = graph.Add("Reshape", "frames", [
            pixels, graph.AddConstant("frames.shape", -1, cut.Channels, cut.Height, cut.Width)]);
        var image = new Convolution(cut.Channels, hidden, cut.Patch) { Step = cut.Patch, Pad = 0 }.Append(
            encoder, "patches", $"{Embeddings}.patch_embeddings.projection", pictures);
        var table = new ReshapedTensor(
            stored.Require($"{Embeddings}.position_embeddings", 1, cut.Count + 1, hidden), [cut.Count + 1, hidden]);
        var placed = graph.Add("Add", "patches.placed", [
            Images.Rows(graph, "patches.rows", image, hidden),
            encoder.AddWeight("places", encoder.Weights.Rows(
                [1, cut.Count, hidden], [new TensorRows(table, 1, cut.Count)], 1))]);
        var apart = graph.Add("Transpose", "times.apart", [
            graph.Add("Reshape", "times.frames", [
                placed, graph.AddConstant("times.shape", -1, frames, cut.Count, hidden)])],
            NodeAttribute.Ints("perm", 0, 2, 1, 3));
        var times = encoder.Weights.Rows(
            [1, 1, frames, hidden],
            [new ReshapedTensor(stored.Require($"{Embeddings}.time_embeddings", 1, frames, hidden), [frames, hidden])],
            1);
        var rows = graph.Add("Reshape", "times.rows", [
            graph.Add("Add", "times.added", [apart, encoder.AddWeight("times", times)]),
            graph.AddConstant("times.joined", -1, cut.Count * frames, hidden)]);
        return LeadingToken.Append(
            encoder,
            stored.Require($"{Embeddings}.cls_token", 1, 1, hidden),
            new TensorRows(table, 0, 1),
            rows,
            pixels,
            hidden);
    }
}
