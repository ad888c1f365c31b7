using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Attention;

/// <summary>Attention of patches within windows, with what two patches' offset adds to the scores of each
/// head.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="plan">The windows.</param>
/// <param name="width">Width of a row.</param>
/// <param name="heads">Attention heads.</param>
/// <param name="hasBias">True where queries, keys and values have biases.</param>
internal sealed class WindowAttention(EncoderGraph encoder, WindowPlan plan, int width, int heads, bool hasBias)
{
    // transformers adds it twice where scores are cosines.
    private const int CosineMasks = 2;
    private const double Shortest = 1e-12;
    private const double ShortestHalf = 6e-8;

    private readonly GraphBuilder _graph = encoder.Graph;
    private readonly int _headDim = width / heads;

    /// <summary>True where scores are cosines times a factor of each head, and offsets go through a small network
    /// (Swin 2).</summary>
    public bool IsCosine { get; init; }

    /// <summary>Side of the windows that the network was trained with, null for those of <c>plan</c>.</summary>
    public int? TrainedWindow { get; init; }

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
        var key = Heads($"{name}.key", $"{tensor}.self.key", inside, 0, 1, 3, 4, 2, hasOwnBias: !IsCosine);
        var value = Heads($"{name}.value", $"{tensor}.self.value", inside, 0, 1, 3, 2, 4);
        var scores = IsCosine ? Cosines(name, tensor, query, key) : Products(name, query, key);
        var biased = Masked(name, _graph.Add("Add", $"{name}/biased", [scores, Bias(name, $"{tensor}.self")]));
        var shares = _graph.Add("Softmax", $"{name}/Softmax", [biased], NodeAttribute.Int("axis", -1));
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

    // [batch, windows, heads, size, size]
    private string Products(string name, string query, string key)
    {
        var scale = encoder.SharedScalar($"windows.scale.{_headDim}", 1 / Math.Sqrt(_headDim));
        return _graph.Add(
            "MatMul", $"{name}/scores", [_graph.Add("Mul", $"{name}/scaled", [query, scale]), key]);
    }

    private string Cosines(string name, string tensor, string query, string key)
    {
        var factors = ContinuousOffsets.Factors(encoder.Tensors, $"{tensor}.self", heads);
        var cosines = _graph.Add("MatMul", $"{name}/cosines", [
            Unit($"{name}.query", query, -1), Unit($"{name}.key", key, -2)]);
        return _graph.Add("Mul", $"{name}/scores", [
            cosines, encoder.AddWeight($"{name}.factors", encoder.Weights.Table([heads, 1, 1], factors))]);
    }

    // Of length 1; of none where it is shorter than can be said.
    private string Unit(string name, string rows, int axis)
    {
        var length = _graph.Add("ReduceL2", $"{name}/ReduceL2", [
            rows, _graph.Shared($"windows.axis.{axis}", axis)]);
        var shortest = encoder.SharedScalar(
            "windows.shortest", encoder.Weights.Dtype == TensorDtype.Float16 ? ShortestHalf : Shortest);
        return _graph.Add("Div", $"{name}/unit", [rows, _graph.Add("Max", $"{name}/Max", [length, shortest])]);
    }

    private string Heads(
        string name, string tensor, string rows, long a, long b, long c, long d, long e, bool hasOwnBias = true)
    {
        var projected = Linear.FromLinear(encoder, name, rows, tensor, width, width, hasBias && hasOwnBias);
        var apart = _graph.Add("Reshape", $"{name}/apart", [
            projected, Constant(Name("apart"), 0, plan.Windows, plan.Size, heads, _headDim)]);
        return _graph.Add("Transpose", $"{name}/Transpose", [apart], NodeAttribute.Ints("perm", a, b, c, d, e));
    }

    // [heads, size, size]
    private string Bias(string name, string tensor)
    {
        var table = _graph.AddWeight($"{name}.offsets", Table(tensor));
        var picked = _graph.Add("Gather", $"{name}.offsets/Gather", [table, Constant(Name("offsets"), Offsets())]);
        var square = _graph.Add("Reshape", $"{name}.offsets/Reshape", [
            picked, Constant(Name("square"), plan.Size, plan.Size, heads)]);
        return _graph.Add("Transpose", $"{name}.offsets/Transpose", [square], NodeAttribute.Ints("perm", 2, 0, 1));
    }

    // The masks of rows and of columns are two small tensors: one of all windows would grow with the area of an image,
    // and so would its sum with the offsets of each head, which a runtime computes once and keeps.
    private string Masked(string name, string scores)
    {
        if (!plan.IsMasked)
        {
            return scores;
        }

        var times = IsCosine ? CosineMasks : 1;
        var rows = encoder.SharedWeight(Name("mask.rows"), () => encoder.Weights.Table(
            [plan.Down, 1, 1, plan.Size, plan.Size], plan.MaskOfRows(times)));
        var columns = encoder.SharedWeight(Name("mask.columns"), () => encoder.Weights.Table(
            [plan.Across, 1, plan.Size, plan.Size], plan.MaskOfColumns(times)));
        var apart = _graph.Add("Reshape", $"{name}/grid", [
            scores, Constant(Name("grid"), 0, plan.Down, plan.Across, heads, plan.Size, plan.Size)]);
        var masked = _graph.Add(
            "Add", $"{name}/masked", [_graph.Add("Add", $"{name}/masked_rows", [apart, rows]), columns]);
        return _graph.Add("Reshape", $"{name}/line", [
            masked, Constant(Name("line"), 0, plan.Windows, heads, plan.Size, plan.Size)]);
    }

    // [offsets, heads]
    private Weight Table(string tensor)
    {
        var side = (2 * plan.Window) - 1;
        return IsCosine
            ? encoder.Weights.Table(
                [side * side, heads],
                ContinuousOffsets.Table(encoder.Tensors, tensor, plan.Window, TrainedWindow, heads))
            : encoder.Weights.Vector((
                encoder.Tensors.Require($"{tensor}.relative_position_bias_table", side * side, heads),
                HeadPadding.None(side * side * heads))) with
            {
                Shape = [side * side, heads],
            };
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
