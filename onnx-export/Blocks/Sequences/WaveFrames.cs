using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Sequences;

/// <summary>Rows of raw sound: three convolutions, the first one with a hyperbolic tangent and a norm over all of the
/// sound (Moonshine, arXiv 2410.15608).</summary>
/// <param name="Root">Where the convolutions are in the checkpoint.</param>
internal sealed record WaveFrames(string Root)
{
    private const double Epsilon = 1e-5;

    /// <summary>Declares <c>input_values [batch, samples]</c> and appends the rest.</summary>
    /// <returns>Rows <c>[batch, frames, hidden]</c>.</returns>
    public string Append(SequenceGraph model)
    {
        var (graph, hidden) = (model.Graph, model.HiddenSize);
        var sound = graph.AddInput(EncoderPorts.Sound, model.Weights.Dtype, "batch", "samples");
        var channel = graph.Add("Unsqueeze", "sound.channel", [sound, graph.AddConstant("sound.axis", 1)]);
        var first = graph.Add("Tanh", "conv1.act", [Convolved(model, "conv1", channel, 1, hidden, 127, 64)]);
        var normed = graph.Add(
            "GroupNormalization",
            "groupnorm",
            [first, Vector(model, "groupnorm.weight", hidden), Vector(model, "groupnorm.bias", hidden)],
            NodeAttribute.Int("num_groups", 1),
            NodeAttribute.Float("epsilon", Epsilon));
        var second = Activation.Append(
            graph, "gelu", "conv2.act", Convolved(model, "conv2", normed, hidden, 2 * hidden, 7, 3));
        var third = Activation.Append(
            graph, "gelu", "conv3.act", Convolved(model, "conv3", second, 2 * hidden, hidden, 3, 2));
        return graph.Add("Transpose", "sound.rows", [third], NodeAttribute.Ints("perm", 0, 2, 1));
    }

    private string Convolved(
        SequenceGraph model, string name, string input, int channels, int outputs, int kernel, int stride)
    {
        var graph = model.Graph;
        var stored = model.Tensors.Require($"{Root}.{name}.weight", outputs, channels, kernel);
        List<string> given = [
            input, graph.AddWeight($"{name}.weight", model.Weights.Rows(stored.Shape, [stored], 1))];
        if (channels > 1)
        {
            given.Add(Vector(model, $"{name}.bias", outputs));
        }

        return graph.Add(
            "Conv", name, given, NodeAttribute.Ints("kernel_shape", kernel), NodeAttribute.Ints("strides", stride));
    }

    private string Vector(SequenceGraph model, string name, int length) => model.Graph.AddWeight(
        name, model.Weights.Vector((model.Tensors.Require($"{Root}.{name}", length), HeadPadding.None(length))));
}
