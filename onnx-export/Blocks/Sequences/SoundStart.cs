using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Sequences;

/// <summary>Rows of sound: a spectrogram through two convolutions, of which the second halves its length, and
/// positions.</summary>
/// <param name="Bins">Frequencies of the spectrogram.</param>
/// <param name="Rows">Rows that come out.</param>
/// <param name="Root">Where the convolutions are in the checkpoint.</param>
/// <param name="Positions">What each position adds <c>[rows, hidden]</c>.</param>
internal sealed record SoundStart(int Bins, int Rows, string Root, CheckpointTensor Positions)
{
    private const int Kernel = 3;

    /// <summary>Declares <c>input_features [batch, bins, 2·rows]</c> and appends the rest.</summary>
    /// <returns>Rows <c>[batch, rows, hidden]</c>.</returns>
    public string Append(ModelGraph model)
    {
        var graph = model.Graph;
        var sound = graph.AddInput("input_features", model.Weights.Dtype, "batch", Bins, 2 * Rows);
        var first = Convolved(model, "conv1", sound, Bins, stride: 1);
        var second = Convolved(model, "conv2", first, model.HiddenSize, stride: 2);
        var rows = graph.Add("Transpose", "sound.rows", [second], NodeAttribute.Ints("perm", 0, 2, 1));
        var table = graph.AddWeight("positions", model.Weights.Rows([Rows, model.HiddenSize], [Positions], 1));
        return graph.Add("Add", "sound.placed", [rows, table]);
    }

    private string Convolved(ModelGraph model, string name, string input, int channels, int stride)
    {
        var (graph, tensors, hidden) = (model.Graph, model.Tensors, model.HiddenSize);
        var kernel = tensors.Require($"{Root}.{name}.weight", hidden, channels, Kernel);
        var bias = tensors.Require($"{Root}.{name}.bias", hidden);
        var given = graph.Add(
            "Conv",
            name,
            [
                input,
                graph.AddWeight($"{name}.weight", model.Weights.Rows(kernel.Shape, [kernel], 1)),
                graph.AddWeight($"{name}.bias", model.Weights.Vector((bias, HeadPadding.None(hidden)))),
            ],
            NodeAttribute.Ints("kernel_shape", Kernel),
            NodeAttribute.Ints("strides", stride),
            NodeAttribute.Ints("pads", 1, 1));
        return Activation.Append(graph, "gelu", $"{name}.act", given);
    }
}
