using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>Layers of two streams, of text and of places on a page: each has layers of its own, and both attend by the
/// sum of their scores (LiLT, arXiv 2202.13669).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of the stream of text.</param>
/// <param name="shrink">How many times narrower that of places is.</param>
internal sealed class LaidOutLayers(EncoderGraph encoder, EncoderSizes sizes, int shrink)
{
    private readonly GraphBuilder _graph = encoder.Graph;
    private readonly int _narrow = sizes.Hidden / shrink;

    /// <summary>Appends all layers.</summary>
    /// <param name="text">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="layout">Rows <c>[batch, seq, hidden / shrink]</c>.</param>
    /// <param name="tensors">Where the layers are in the checkpoint, before their index.</param>
    /// <returns>The rows of text.</returns>
    public string Append(string text, string layout, string tensors)
    {
        var padding = Padding();
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            var (name, tensor) = ($"layers.{layer}", $"{tensors}.{layer}");
            var shares = Shares(name, $"{tensor}.attention.self", text, layout, padding);
            var isLast = layer + 1 == sizes.Layers;
            text = Layer($"{name}.text", tensor, "", shares, text, sizes.Hidden, sizes.Inner);

            // Nothing reads places after the last layer.
            if (isLast)
            {
                NoteUnread(tensor);
            }
            else
            {
                layout = Layer($"{name}.layout", tensor, "layout_", shares, layout, _narrow, sizes.Inner / shrink);
            }
        }

        return text;
    }

    // Files have them: asked for, they count as known.
    private void NoteUnread(string tensor)
    {
        string[] parts = [
            "attention.self.layout_value", "attention.layout_output.dense", "attention.layout_output.LayerNorm",
            "layout_intermediate.dense", "layout_output.dense", "layout_output.LayerNorm"];
        foreach (var part in parts)
        {
            encoder.Tensors.Has($"{tensor}.{part}.weight");
            encoder.Tensors.Has($"{tensor}.{part}.bias");
        }
    }

    // Scores of padding vanish, [batch, 1, 1, seq].
    private string Padding() => RowDistances.Vanishing(encoder, "padding", _graph.Add("Equal", "padding.is_empty", [
        _graph.Add("Unsqueeze", "padding.mask", [encoder.Mask!, _graph.AddConstant("padding.axes", 1, 2)]),
        _graph.Add("Cast", "padding.none", [_graph.AddScalarConstant("padding.zero", 0)],
            NodeAttribute.Int("to", (long)Stip.Protocol.Tensors.TensorDtype.Int32.ToOnnx()))]));

    // [batch, heads, seq, seq]
    private string Shares(string name, string tensor, string text, string layout, string padding)
    {
        var both = _graph.Add("Add", $"{name}.scores", [
            Scores("text", "", text, sizes.Hidden), Scores("layout", "layout_", layout, _narrow)]);
        var seen = _graph.Add("Add", $"{name}.seen", [both, padding]);
        return _graph.Add("Softmax", $"{name}.shares", [seen], NodeAttribute.Int("axis", -1));

        string Scores(string stream, string kind, string rows, int width)
        {
            var own = $"{name}.{stream}";
            var queries = _graph.Add("Mul", $"{own}.q_scaled", [
                Heads($"{own}.q", $"{tensor}.{kind}query", rows, width, 0, 2, 1, 3),
                encoder.SharedScalar($"{stream}.scale", 1 / Math.Sqrt((double)width / sizes.Heads))]);
            var keys = Heads($"{own}.k", $"{tensor}.{kind}key", rows, width, 0, 2, 3, 1);
            return _graph.Add("MatMul", $"{own}.scores", [queries, keys]);
        }
    }

    private string Layer(string name, string tensor, string kind, string shares, string rows, int width, int inner)
    {
        var values = Heads($"{name}.v", $"{tensor}.attention.self.{kind}value", rows, width, 0, 2, 1, 3);
        var together = _graph.Add(
            "Transpose", $"{name}.together", [_graph.Add("MatMul", $"{name}.attended", [shares, values])],
            NodeAttribute.Ints("perm", 0, 2, 1, 3));
        var joined = _graph.Add("Reshape", $"{name}.joined", [together, _graph.Shared($"joined.{width}", 0, 0, width)]);
        var output = $"{tensor}.attention.{kind}output";
        rows = After($"{name}.attention", output, rows, Project($"{name}.o", $"{output}.dense", joined, width, width));
        var wide = Activation.Append(_graph, sizes.Activation, $"{name}.act", Project(
            $"{name}.up", $"{tensor}.{kind}intermediate.dense", rows, width, inner));
        output = $"{tensor}.{kind}output";
        return After($"{name}.mlp", output, rows, Project($"{name}.down", $"{output}.dense", wide, inner, width));

        string After(string part, string stored, string stream, string given) => sizes.Norm.Append(
            encoder,
            $"{part}_norm",
            $"{stored}.LayerNorm",
            _graph.Add("Add", $"{part}.sum", [stream, given]),
            HeadPadding.None(width));
    }

    private string Heads(string name, string tensor, string rows, int width, params long[] order)
    {
        var apart = _graph.Add("Reshape", $"{name}.apart", [
            Project(name, tensor, rows, width, width),
            _graph.Shared($"apart.{width}", 0, 0, sizes.Heads, width / sizes.Heads)]);
        return _graph.Add("Transpose", $"{name}.heads", [apart], NodeAttribute.Ints("perm", order));
    }

    private string Project(string name, string tensor, string rows, int inputs, int outputs) =>
        Linear.FromLinear(encoder, name, rows, tensor, inputs, outputs, hasBias: true);
}
