using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>Attention of patches within windows, with what two patches' offset adds to the scores of each
/// head.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="plan">The windows.</param>
/// <param name="width">Width of a row.</param>
/// <param name="heads">Attention heads.</param>
/// <param name="hasBias">True where queries, keys and values have biases.</param>
internal sealed class WindowAttention(EncoderGraph encoder, WindowPlan plan, int width, int heads, bool hasBias)
{
    private readonly GraphBuilder _graph = encoder.Graph;
    private readonly int _headDim = width / heads;

    /// <summary>Appends the attention of one block.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Where it is in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, patches, width]</c>.</param>
    /// <returns>Rows of the same shape.</returns>
    public string Append(string name, string tensor, string rows)
    {
        if (plan.IsFilled)
        {
            rows = _graph.Add("Pad", $"{name}/Pad", [rows, Constant("one_row", 0, 0, 0, 0, 1, 0)]);
        }

        var inside = _graph.Add(
            "Gather",
            $"{name}/windows",
            [rows, Constant(Name("patches"), plan.Patches())],
            NodeAttribute.Int("axis", 1));
        var query = Heads($"{name}.query", $"{tensor}.self.query", inside, 0, 1, 3, 2, 4);
        var key = Heads($"{name}.key", $"{tensor}.self.key", inside, 0, 1, 3, 4, 2);
        var value = Heads($"{name}.value", $"{tensor}.self.value", inside, 0, 1, 3, 2, 4);
        var scale = encoder.SharedScalar($"windows.scale.{_headDim}", 1 / Math.Sqrt(_headDim));
        var scores = _graph.Add("MatMul", $"{name}/scores", [
            _graph.Add("Mul", $"{name}/scaled", [query, scale]), key]); // [batch, windows, heads, size, size]
        var shares = _graph.Add(
            "Softmax",
            $"{name}/Softmax",
            [_graph.Add("Add", $"{name}/biased", [scores, Bias(name, $"{tensor}.self")])],
            NodeAttribute.Int("axis", -1));
        var mixed = _graph.Add("MatMul", $"{name}/mixed", [shares, value]);
        var turned = _graph.Add("Transpose", $"{name}/turned", [mixed], NodeAttribute.Ints("perm", 0, 1, 3, 2, 4));
        var joined = _graph.Add("Reshape", $"{name}/joined", [
            turned, Constant(Name("rows"), 0, plan.Windows * plan.Size, width)]);
        var given = Linear.FromLinear(
            encoder, $"{name}.output", joined, $"{tensor}.output.dense", width, width, hasBias: true);
        return _graph.Add(
            "Gather",
            $"{name}/patches",
            [given, Constant(Name("places"), plan.Places())],
            NodeAttribute.Int("axis", 1));
    }

    private string Heads(string name, string tensor, string rows, params long[] order)
    {
        var projected = Linear.FromLinear(encoder, name, rows, tensor, width, width, hasBias);
        var apart = _graph.Add("Reshape", $"{name}/apart", [
            projected, Constant(Name("apart"), 0, plan.Windows, plan.Size, heads, _headDim)]);
        return _graph.Add("Transpose", $"{name}/Transpose", [apart], NodeAttribute.Ints("perm", order));
    }

    // [windows or 1, heads, size, size]
    private string Bias(string name, string tensor)
    {
        var side = (2 * plan.Window) - 1;
        var stored = encoder.Tensors.Require($"{tensor}.relative_position_bias_table", side * side, heads);
        var table = _graph.AddWeight($"{name}.offsets", encoder.Weights.Vector(
            (stored, HeadPadding.None(side * side * heads))) with
        {
            Shape = [side * side, heads],
        });
        var picked = _graph.Add("Gather", $"{name}.offsets/Gather", [table, Constant(Name("offsets"), Offsets())]);
        var square = _graph.Add("Reshape", $"{name}.offsets/Reshape", [
            picked, Constant(Name("square"), plan.Size, plan.Size, heads)]);
        var bias = _graph.Add(
            "Transpose", $"{name}.offsets/Transpose", [square], NodeAttribute.Ints("perm", 2, 0, 1));
        return plan.Mask() is { } mask
            ? _graph.Add("Add", $"{name}.offsets/masked", [bias, encoder.SharedWeight(
                Name("mask"), () => encoder.Weights.Table([plan.Windows, 1, plan.Size, plan.Size], mask))])
            : bias;
    }

    // Which row of the table two patches of a window have.
    private long[] Offsets() => [.. Enumerable.Range(0, plan.Size * plan.Size).Select(cell =>
    {
        var (query, key) = Math.DivRem(cell, plan.Size);
        var down = (query / plan.Window) - (key / plan.Window) + plan.Window - 1;
        var across = (query % plan.Window) - (key % plan.Window) + plan.Window - 1;
        return ((long)down * ((2 * plan.Window) - 1)) + across;
    })];

    // Constants of all blocks that are cut alike and as wide.
    private string Name(string what) =>
        $"{what}.{plan.Rows}x{plan.Columns}.{plan.Window}.{plan.Shift}.{width}.{heads}";

    private string Constant(string name, params ReadOnlySpan<long> values) => _graph.Shared($"windows.{name}", values);
}
