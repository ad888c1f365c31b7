using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Attention of patches within windows, or of all, to whose scores the rows and the columns between two
/// patches add, each by a product with the query (MViT v2, arXiv 2112.01526; ViTDet, arXiv 2203.16527).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="plan">The windows; one of the whole grid where all patches see each other.</param>
/// <param name="sizes">Sizes of a layer.</param>
internal sealed class GridAttention(EncoderGraph encoder, WindowPlan plan, EncoderSizes sizes)
{
    private const string Matrix = "qkv";

    private readonly GraphBuilder _graph = encoder.Graph;
    private readonly int _side = plan.Window;

    /// <summary>True where distances add to scores.</summary>
    public bool HasDistances { get; init; } = true;

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Where it is in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, patches, hidden]</c>.</param>
    /// <returns>Rows of the same shape.</returns>
    public string Append(string name, string tensor, string rows)
    {
        var hidden = sizes.Hidden;
        if (plan.IsFilled)
        {
            rows = _graph.Add("Pad", $"{name}/Pad", [rows, Constant("one_row", 0, 0, 0, 0, 1, 0)]);
        }

        var inside = _graph.Add(
            "Gather", $"{name}/windows", [rows, Constant("patches", plan.Patches())], NodeAttribute.Int("axis", 1));
        var query = Heads($"{name}.query", tensor, inside, 0, [0, 1, 3, 2, 4]);
        var key = Heads($"{name}.key", tensor, inside, 1, [0, 1, 3, 4, 2]);
        var value = Heads($"{name}.value", tensor, inside, 2, [0, 1, 3, 2, 4]);
        var scaled = _graph.Add("Mul", $"{name}/scaled", [query, encoder.SharedScalar("grid.scale", sizes.ScoreScale)]);
        var scores = _graph.Add("MatMul", $"{name}/scores", [scaled, key]); // [batch, windows, heads, size, size]
        var shares = _graph.Add(
            "Softmax",
            $"{name}/Softmax",
            [HasDistances ? Placed(name, tensor, query, scores) : scores],
            NodeAttribute.Int("axis", -1));
        var turned = _graph.Add(
            "Transpose",
            $"{name}/turned",
            [_graph.Add("MatMul", $"{name}/mixed", [shares, value])],
            NodeAttribute.Ints("perm", 0, 1, 3, 2, 4));
        var joined = _graph.Add("Reshape", $"{name}/joined", [
            turned, Constant("rows", 0, plan.Windows * plan.Size, hidden)]);
        var given = Linear.FromLinear(
            encoder, $"{name}.output", joined, $"{tensor}.proj", hidden, hidden, hasBias: true);
        return _graph.Add(
            "Gather", $"{name}/patches", [given, Constant("places", plan.Places())], NodeAttribute.Int("axis", 1));
    }

    // Scores and what rows and columns add, each for all keys of a row or a column at once.
    private string Placed(string name, string tensor, string query, string scores)
    {
        var grid = _graph.Add("Reshape", $"{name}/grid", [
            query, Constant("grid", 0, plan.Windows, sizes.Heads, _side, _side, sizes.HeadDim)]);
        var down = _graph.Add("MatMul", $"{name}/down", [grid, Distances($"{name}.down", $"{tensor}.rel_pos_h")]);
        var turned = _graph.Add("Transpose", $"{name}/columns", [grid], NodeAttribute.Ints("perm", 0, 1, 2, 4, 3, 5));
        var across = _graph.Add(
            "Transpose",
            $"{name}/across",
            [_graph.Add("MatMul", $"{name}/across_columns", [
                turned, Distances($"{name}.across", $"{tensor}.rel_pos_w")])],
            NodeAttribute.Ints("perm", 0, 1, 2, 4, 3, 5));
        var apart = _graph.Add("Reshape", $"{name}/apart", [
            scores, Constant("cells", 0, plan.Windows, sizes.Heads, _side, _side, _side, _side)]);
        var sum = _graph.Add("Add", $"{name}/rows_added", [
            apart, _graph.Add("Unsqueeze", $"{name}/of_rows", [down, Constant("last", -1)])]);
        sum = _graph.Add("Add", $"{name}/columns_added", [
            sum, _graph.Add("Unsqueeze", $"{name}/of_columns", [across, Constant("before_last", -2)])]);
        return _graph.Add("Reshape", $"{name}/placed", [
            sum, Constant("scores", 0, plan.Windows, sizes.Heads, plan.Size, plan.Size)]);
    }

    // [side, dim, side]: for each place of the query, what the place of a key is multiplied by.
    private string Distances(string name, string tensor)
    {
        var count = (2 * _side) - 1;
        var table = encoder.AddWeight(name, encoder.Weights.Rows(
            [count, sizes.HeadDim], [encoder.Tensors.Require(tensor, count, sizes.HeadDim)], 1));
        var picked = _graph.Add("Gather", $"{name}/Gather", [table, Constant("apart", Apart())]);
        var square = _graph.Add("Reshape", $"{name}/Reshape", [
            picked, Constant("square", _side, _side, sizes.HeadDim)]);
        return _graph.Add("Transpose", $"{name}/Transpose", [square], NodeAttribute.Ints("perm", 0, 2, 1));
    }

    private long[] Apart() =>
    [
        .. Enumerable.Range(0, _side * _side).Select(cell => (long)(cell / _side) - (cell % _side) + _side - 1),
    ];

    private string Heads(string name, string tensor, string rows, int part, long[] order)
    {
        var hidden = sizes.Hidden;
        var matrix = encoder.Tensors.Require($"{tensor}.{Matrix}.weight", 3 * hidden, hidden);
        var bias = sizes.HasQkvBias ? encoder.Tensors.Require($"{tensor}.{Matrix}.bias", 3 * hidden) : null;
        var projected = Linear.FromRows(
            encoder,
            name,
            rows,
            new TensorRows(matrix, part * hidden, hidden),
            bias is null ? null : new TensorRows(bias, part * hidden, hidden));
        var apart = _graph.Add("Reshape", $"{name}/apart", [
            projected, Constant("heads", 0, plan.Windows, plan.Size, sizes.Heads, sizes.HeadDim)]);
        return _graph.Add("Transpose", $"{name}/Transpose", [apart], NodeAttribute.Ints("perm", order));
    }

    // Constants of all layers that are cut alike.
    private string Constant(string name, params ReadOnlySpan<long> values) =>
        _graph.Shared($"grid.{name}.{_side}", values);
}
