using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Attention half of whose heads are convolutions over near rows, with kernels that each row makes for itself
/// (ConvBERT, arXiv 2008.02496).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="heads">Heads of each half.</param>
/// <param name="kernel">How many rows a kernel is wide, an odd number.</param>
internal sealed class SpanAttention(EncoderGraph encoder, EncoderSizes sizes, int heads, int kernel)
{
    private const string Shared = "span";

    private readonly GraphBuilder _graph = encoder.Graph;
    private readonly int _width = heads * sizes.HeadDim;

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the layer in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string rows)
    {
        var self = $"{tensor}.attention.self";
        var query = Project("query", rows);
        var attended = _graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            [query, Project("key", rows), Project("value", rows), "", encoder.Mask!],
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", heads),
            NodeAttribute.Float("scale", sizes.ScoreScale))[0];
        var kernels = Kernels(name, self, query, rows);
        var mixed = Mixed(name, kernels, Project("conv_out_layer", rows));
        var both = _graph.Add("Concat", $"{name}.both", [attended, mixed], NodeAttribute.Int("axis", -1));
        return Linear.FromLinear(
            encoder,
            $"{name}.output",
            both,
            $"{tensor}.attention.output.dense",
            2 * _width,
            sizes.Hidden,
            hasBias: true);

        string Project(string part, string input) => Linear.FromLinear(
            encoder, $"{name}.{part}", input, $"{self}.{part}", sizes.Hidden, _width, hasBias: true);
    }

    // A kernel for each row and head, [batch, seq, heads, 1, kernel].
    private string Kernels(string name, string self, string query, string rows)
    {
        var (tensors, weights) = (encoder.Tensors, encoder.Weights);
        const string Part = "key_conv_attn_layer";
        var near = tensors.Require($"{self}.{Part}.depthwise.weight", sizes.Hidden, 1, kernel);
        var turned = _graph.Add("Transpose", $"{name}.turned", [rows], NodeAttribute.Ints("perm", 0, 2, 1));
        var mixed = _graph.Add(
            "Conv",
            $"{name}.near",
            [turned, encoder.AddWeight($"{name}.near.weight", weights.Rows(near.Shape, [near], 1))],
            NodeAttribute.Int("group", sizes.Hidden),
            NodeAttribute.Ints("kernel_shape", kernel),
            NodeAttribute.Ints("pads", kernel / 2, kernel / 2));
        var back = _graph.Add("Transpose", $"{name}.back", [mixed], NodeAttribute.Ints("perm", 0, 2, 1));
        var key = Linear.FromRows(
            encoder,
            $"{name}.near_key",
            back,
            new ReshapedTensor(
                tensors.Require($"{self}.{Part}.pointwise.weight", _width, sizes.Hidden, 1), [_width, sizes.Hidden]),
            new ReshapedTensor(tensors.Require($"{self}.{Part}.bias", _width, 1), [_width]));
        var made = Linear.FromLinear(
            encoder,
            $"{name}.kernels",
            _graph.Add("Mul", $"{name}.asked", [key, query]),
            $"{self}.conv_kernel_layer",
            _width,
            heads * kernel,
            hasBias: true);
        var apart = _graph.Add(
            "Reshape", $"{name}.kernels_apart", [made, _graph.Shared($"{Shared}.kernels", 0, 0, heads, 1, kernel)]);
        return _graph.Add("Softmax", $"{name}.shares", [apart], NodeAttribute.Int("axis", -1));
    }

    private string Mixed(string name, string kernels, string values)
    {
        var framed = _graph.Add("Pad", $"{name}.framed", [
            values, _graph.Shared($"{Shared}.frame", 0, kernel / 2, 0, 0, kernel / 2, 0)]);
        var windows = _graph.Add( // [batch, seq, kernel, width]
            "Gather", $"{name}.windows", [framed, Places()], NodeAttribute.Int("axis", 1));
        var apart = _graph.Add("Reshape", $"{name}.windows_apart", [
            windows, _graph.Shared($"{Shared}.windows", 0, 0, kernel, heads, sizes.HeadDim)]);
        var turned = _graph.Add(
            "Transpose", $"{name}.windows_turned", [apart], NodeAttribute.Ints("perm", 0, 1, 3, 2, 4));
        var mixed = _graph.Add("MatMul", $"{name}.mixed", [kernels, turned]); // [batch, seq, heads, 1, dim]
        return _graph.Add("Reshape", $"{name}.mixed_rows", [mixed, _graph.Shared($"{Shared}.rows", 0, 0, _width)]);
    }

    // Which rows of those framed by zeros a row's window holds, [seq, kernel].
    private string Places()
    {
        if (!_graph.Has($"{Shared}.places/output"))
        {
            RowDistances.Append(encoder);
            var first = _graph.Add("Unsqueeze", $"{Shared}.first", [
                $"{RowDistances.Places}/output", _graph.AddConstant($"{Shared}.axis", 1)]);
            long[] all = [.. Enumerable.Range(0, kernel)];
            _graph.Add("Add", $"{Shared}.places", [first, _graph.AddConstant($"{Shared}.all", all)]);
        }

        return $"{Shared}.places/output";
    }
}
