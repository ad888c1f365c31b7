using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>Layers of attention and of a convolution over the frames before, between two halves of a feed-forward part
/// (Conformer, arXiv 2005.08100).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="attention">Attention of a layer: its name in the graph, its name in the checkpoint, rows.</param>
/// <param name="kernel">Frames that a convolution sees, its own the last.</param>
internal sealed class ConformerLayers(
    EncoderGraph encoder, EncoderSizes sizes, Func<string, string, string, string> attention, int kernel)
{
    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>Appends one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string rows)
    {
        rows = Half($"{name}.ffn1", $"{tensor}.ffn1", rows);
        var normed = Normed($"{name}.attention_norm", $"{tensor}.self_attn_layer_norm", rows);
        rows = Sum($"{name}.attended", rows, attention($"{name}.attention", $"{tensor}.self_attn", normed));
        rows = Sum($"{name}.mixed", rows, Convolved($"{name}.conv", $"{tensor}.conv_module", rows));
        rows = Half($"{name}.ffn2", $"{tensor}.ffn2", rows);
        return Normed($"{name}.final_norm", $"{tensor}.final_layer_norm", rows);
    }

    private string Half(string name, string tensor, string rows)
    {
        var normed = Normed($"{name}.norm", $"{tensor}_layer_norm", rows);
        var wide = Activation.Append(_graph, sizes.Activation, $"{name}.act", Linear.FromLinear(
            encoder, $"{name}.up", normed, $"{tensor}.intermediate_dense", sizes.Hidden, sizes.Inner, hasBias: true));
        var down = Linear.FromLinear(
            encoder, $"{name}.down", wide, $"{tensor}.output_dense", sizes.Inner, sizes.Hidden, hasBias: true);
        return Sum(
            $"{name}.sum", rows, _graph.Add("Mul", $"{name}.half", [down, encoder.SharedScalar("half", 0.5)]));
    }

    private string Convolved(string name, string tensor, string rows)
    {
        var hidden = sizes.Hidden;
        var both = Pointwise($"{name}.in", $"{tensor}.pointwise_conv1.weight", 2 * hidden, Normed(
            $"{name}.norm", $"{tensor}.layer_norm", rows));
        var halves = _graph.Append(
            "",
            "Split",
            $"{name}.halves",
            [both, _graph.Shared("gate.widths", hidden, hidden)],
            [$"{name}.value", $"{name}.gate"],
            NodeAttribute.Int("axis", -1));
        var gated = _graph.Add("Mul", $"{name}.gated", [
            halves[0], _graph.Add("Sigmoid", $"{name}.open", [halves[1]])]);
        var stored = encoder.Tensors.Require($"{tensor}.depthwise_conv.weight", hidden, 1, kernel);
        var turned = NodeAttribute.Ints("perm", 0, 2, 1);
        var near = _graph.Add(
            "Conv",
            $"{name}.near",
            [
                _graph.Add("Transpose", $"{name}.turned", [gated], turned),
                _graph.AddWeight($"{name}.near.weight", encoder.Weights.Rows(stored.Shape, [stored], 1)),
            ],
            NodeAttribute.Int("group", hidden),
            NodeAttribute.Ints("kernel_shape", kernel),
            NodeAttribute.Ints("pads", kernel - 1, 0));
        var active = Activation.Append(_graph, sizes.Activation, $"{name}.act", Normed(
            $"{name}.near_norm",
            $"{tensor}.depthwise_layer_norm",
            _graph.Add("Transpose", $"{name}.back", [near], turned)));
        return Pointwise($"{name}.out", $"{tensor}.pointwise_conv2.weight", hidden, active);
    }

    private string Pointwise(string name, string tensor, int outputs, string rows) => Linear.FromRows(
        encoder,
        name,
        rows,
        new ReshapedTensor(encoder.Tensors.Require(tensor, outputs, sizes.Hidden, 1), [outputs, sizes.Hidden]),
        bias: null);

    private string Normed(string name, string tensor, string rows) =>
        sizes.Norm.Append(encoder, name, tensor, rows, HeadPadding.None(sizes.Hidden));

    private string Sum(string name, string rows, string added) => _graph.Add("Add", name, [rows, added]);
}
