using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Attention of patches within windows, or of all, to whose scores the rows and the columns between two
/// patches add, each by a product with the query (MViT v2, arXiv 2112.01526; ViTDet, arXiv 2203.16527).</summary>
/// <remarks>What a query adds for every row and every column of keys stands behind its own channels, and behind those
/// of a key a one in the place of its row and of its column: one product gives the whole score, and no square of all
/// patches is written out beside it.</remarks>
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
        inside = _graph.Add("Reshape", $"{name}/window", [inside, Constant("window", -1, plan.Size, hidden)]);
        var (query, key, value) = (
            Project($"{name}.query", tensor, inside, 0),
            Project($"{name}.key", tensor, inside, 1),
            Project($"{name}.value", tensor, inside, 2));
        if (HasDistances)
        {
            (query, key) = (Asking(name, tensor, query), Asked(name, key));
        }

        var attended = _graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            [query, key, value],
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", sizes.Heads),
            NodeAttribute.Float("scale", HasDistances ? 1 : sizes.ScoreScale))[0];
        var joined = _graph.Add("Reshape", $"{name}/joined", [
            attended, Constant("rows", -1, plan.Windows * plan.Size, hidden)]);
        var given = Linear.FromLinear(
            encoder, $"{name}.output", joined, $"{tensor}.proj", hidden, hidden, hasBias: true);
        return _graph.Add(
            "Gather", $"{name}/patches", [given, Constant("places", plan.Places())], NodeAttribute.Int("axis", 1));
    }

    // [windows, size, heads · (dim + rows + columns)]: queries, scaled, and what they add for each row and column.
    private string Asking(string name, string tensor, string query)
    {
        var grid = _graph.Add("Transpose", $"{name}/grid", [
            _graph.Add("Reshape", $"{name}/apart", [
                query, Constant("grid", -1, _side, _side, sizes.Heads, sizes.HeadDim)])],
            NodeAttribute.Ints("perm", 0, 3, 1, 2, 4)); // [windows, heads, rows, columns, dim]
        var down = _graph.Add("MatMul", $"{name}/down", [grid, Distances($"{name}.down", $"{tensor}.rel_pos_h")]);
        var columns = _graph.Add("Transpose", $"{name}/columns", [grid], NodeAttribute.Ints("perm", 0, 1, 3, 2, 4));
        var across = _graph.Add(
            "Transpose",
            $"{name}/across",
            [_graph.Add("MatMul", $"{name}/across_columns", [
                columns, Distances($"{name}.across", $"{tensor}.rel_pos_w")])],
            NodeAttribute.Ints("perm", 0, 1, 3, 2, 4));
        var scaled = _graph.Add("Mul", $"{name}/scaled", [grid, encoder.SharedScalar("grid.scale", sizes.ScoreScale)]);
        var wide = _graph.Add("Concat", $"{name}/asking", [scaled, down, across], NodeAttribute.Int("axis", -1));
        var turned = _graph.Add("Transpose", $"{name}/asking_heads", [wide], NodeAttribute.Ints("perm", 0, 2, 3, 1, 4));
        return _graph.Add("Reshape", $"{name}/asking_rows", [
            turned, Constant("wide", -1, plan.Size, sizes.Heads * Width)]);
    }

    // [windows, size, heads · (dim + rows + columns)]: keys, and where they stand.
    private string Asked(string name, string key)
    {
        var heads = _graph.Add("Reshape", $"{name}/asked_apart", [
            key, Constant("keys", -1, plan.Size, sizes.Heads, sizes.HeadDim)]);
        var windows = _graph.Add(
            "Shape", $"{name}/asked_windows", [key], NodeAttribute.Int("start", 0), NodeAttribute.Int("end", 1));
        var shape = _graph.Add(
            "Concat",
            $"{name}/asked_shape",
            [windows, Constant("stand", plan.Size, sizes.Heads, 2 * _side)],
            NodeAttribute.Int("axis", 0));
        var table = encoder.SharedWeight(
            $"grid.stands.{_side}", () => encoder.Weights.Table([plan.Size, 1, 2 * _side], Stands()));
        var stands = _graph.Add("Expand", $"{name}/asked_places", [table, shape]);
        var wide = _graph.Add("Concat", $"{name}/asked", [heads, stands], NodeAttribute.Int("axis", -1));
        return _graph.Add("Reshape", $"{name}/asked_rows", [
            wide, Constant("wide", -1, plan.Size, sizes.Heads * Width)]);
    }

    private int Width => sizes.HeadDim + (2 * _side);

    // A one in the column of each patch's row, and in that of its column.
    private float[] Stands()
    {
        var table = new float[plan.Size * 2 * _side];
        for (var patch = 0; patch < plan.Size; patch++)
        {
            var (row, column) = Math.DivRem(patch, _side);
            table[(patch * 2 * _side) + row] = 1;
            table[(patch * 2 * _side) + _side + column] = 1;
        }

        return table;
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

    private string Project(string name, string tensor, string rows, int part)
    {
        var hidden = sizes.Hidden;
        var matrix = encoder.Tensors.Require($"{tensor}.{Matrix}.weight", 3 * hidden, hidden);
        var bias = sizes.HasQkvBias ? encoder.Tensors.Require($"{tensor}.{Matrix}.bias", 3 * hidden) : null;
        return Linear.FromRows(
            encoder,
            name,
            rows,
            new TensorRows(matrix, part * hidden, hidden),
            bias is null ? null : new TensorRows(bias, part * hidden, hidden));
    }

    // Constants of all layers that are cut alike.
    private string Constant(string name, params ReadOnlySpan<long> values) =>
        _graph.Shared($"grid.{name}.{_side}", values);
}
