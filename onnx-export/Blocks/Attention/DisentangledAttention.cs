using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Attention;

/// <summary>
/// Attention whose scores are sums (DeBERTa, arXiv 2006.03654): content with content, content of the query with the
/// relative position, and the relative position with content of the key. Positions go through the same projections as
/// content, or through projections of their own; without positions it is plain attention.
/// </summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="names">Where the tensors of a layer stand.</param>
/// <param name="positions">Relative positions, null where scores are of content alone.</param>
internal sealed class DisentangledAttention(
    EncoderGraph encoder, EncoderSizes sizes, EncoderLayerNames names, RelativePositions? positions)
{
    private const string Flat = "attention.flat";
    private const string Apart = "attention.apart";
    private const string ApartPositions = "attention.apart_positions";
    private const string Scale = "attention.scale";
    private const string Lowest = "attention.lowest";
    private const string PairMask = "pair_mask";

    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>True where each head's queries, keys and values lie together in one matrix (version 1).</summary>
    public bool IsPacked { get; init; }

    /// <summary>How many parts scores are scaled for, which may be more than there are.</summary>
    public int Parts { get; init; } = 1;

    /// <summary>The projection of positions that queries ask for, null where it is that of keys.</summary>
    public string? PositionKey { get; init; }

    /// <summary>The projection of positions that ask for keys, null where it is that of queries.</summary>
    public string? PositionQuery { get; init; }

    /// <summary>The name that weights of projected positions share with those of projected content.</summary>
    public static string ShareAs(string weight) => weight.Replace(".positions_", ".", StringComparison.Ordinal);

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the layer in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string rows)
    {
        DeclareConstants();
        var query = Heads(Content($"{name}.query", tensor, 0, rows), 0, 2, 1, 3); // [batch, heads, seq, dim]
        var scaled = _graph.Add("Mul", $"{name}.scaled", [query, Scale]);
        var key = Content($"{name}.key", tensor, 1, rows);
        var value = Heads(Content($"{name}.value", tensor, 2, rows), 0, 2, 1, 3);
        var scores = _graph.Add("MatMul", $"{name}.scores", [scaled, Heads(key, 0, 2, 3, 1)]);
        if (positions?.FromContent == true)
        {
            var stored = Positions(Project(
                $"{name}.positions_key", tensor, PositionKey ?? names.Key, positions.Rows, hasBias: !IsPacked));
            var each = _graph.Add("MatMul", $"{name}.to_positions", [scaled, stored]);
            var picked = Pick($"{name}.picked", each, positions.Places, scores);
            scores = _graph.Add("Add", $"{name}.scores_1", [scores, picked]);
        }

        if (positions?.ToContent == true)
        {
            var stored = Positions(Project(
                $"{name}.positions_query",
                tensor,
                PositionQuery ?? names.Query,
                positions.Rows));
            var small = _graph.Add("Mul", $"{name}.positions_scaled", [stored, Scale]);
            var each = _graph.Add("MatMul", $"{name}.from_positions", [Heads(key, 0, 2, 1, 3), small]);
            var picked = Pick($"{name}.picked_turned", each, positions.PlacesTurned, scores);
            var turned = _graph.Add(
                "Transpose", $"{name}.picked_back", [picked], NodeAttribute.Ints("perm", 0, 1, 3, 2));
            scores = _graph.Add("Add", $"{name}.scores_2", [scores, turned]);
        }

        var masked = _graph.Add("Where", $"{name}.masked", [PairsThatCount(), scores, Lowest]);
        var shares = _graph.Add("Softmax", $"{name}.shares", [masked], NodeAttribute.Int("axis", -1));
        var mixed = _graph.Add("MatMul", $"{name}.mixed", [shares, value]);
        var joined = _graph.Add("Reshape", $"{name}.joined", [
            _graph.Add("Transpose", $"{name}.together", [mixed], NodeAttribute.Ints("perm", 0, 2, 1, 3)), Flat]);
        return Linear.FromLinear(
            encoder, $"{name}.output", joined, $"{tensor}.{names.Output}", sizes.Hidden, sizes.Hidden, hasBias: true);
    }

    // Queries, keys and values: parts 0, 1 and 2. Packed keys have no bias.
    private string Content(string name, string tensor, int part, string rows)
    {
        if (!IsPacked)
        {
            return Project(name, tensor, part == 0 ? names.Query : part == 1 ? names.Key : names.Value, rows);
        }

        var all = HeadPadding.None(sizes.Hidden);
        var own = new HeadPadding(sizes.Heads, sizes.HeadDim, sizes.HeadDim)
        {
            Stride = 3 * sizes.HeadDim,
            Skipped = part * sizes.HeadDim,
        };
        var self = $"{tensor}.attention.self";
        var matrix = encoder.Tensors.Require($"{self}.in_proj.weight", 3 * sizes.Hidden, sizes.Hidden);
        var bias = part == 1
            ? null
            : encoder.Tensors.Require($"{self}.{(part == 0 ? "q_bias" : "v_bias")}", sizes.Hidden);
        return Linear.Append(
            encoder,
            name,
            rows,
            [new LinearPart(matrix, all, own)],
            bias is null ? null : encoder.Weights.Vector((bias, all)));
    }

    private string Project(string name, string tensor, string part, string rows, bool hasBias = true) =>
        Linear.FromLinear(encoder, name, rows, $"{tensor}.{part}", sizes.Hidden, sizes.Hidden, hasBias);

    private string Heads(string rows, params long[] order)
    {
        var name = $"{rows}/{string.Join("", order)}";
        var apart = _graph.Add("Reshape", $"{name}/apart", [rows, Apart]);
        return _graph.Add("Transpose", name, [apart], NodeAttribute.Ints("perm", order));
    }

    // [1, heads, dim, positions]
    private string Positions(string rows)
    {
        var apart = _graph.Add("Reshape", $"{rows}/apart", [rows, ApartPositions]);
        return _graph.Add("Transpose", $"{rows}/turned", [apart], NodeAttribute.Ints("perm", 0, 2, 3, 1));
    }

    // Out of the scores of all positions those that rows have to one another, [batch, heads, seq, seq].
    private string Pick(string name, string all, string places, string like)
    {
        var shape = _graph.Add("Shape", $"{name}.shape", [like]);
        var everywhere = _graph.Add("Expand", $"{name}.places", [places, shape]);
        return _graph.Add("GatherElements", name, [all, everywhere], NodeAttribute.Int("axis", 3));
    }

    // A pair counts where both of its rows do, bool [batch, 1, seq, seq].
    private string PairsThatCount()
    {
        if (!_graph.Has($"{PairMask}/output"))
        {
            var keys = _graph.Add(
                "Unsqueeze", $"{PairMask}.keys", [encoder.Mask!, _graph.AddConstant($"{PairMask}.rows_axes", 1, 2)]);
            var queries = _graph.Add(
                "Unsqueeze", $"{PairMask}.queries", [encoder.Mask!, _graph.AddConstant($"{PairMask}.keys_axes", 1, 3)]);
            var both = _graph.Add("Mul", $"{PairMask}.both", [keys, queries]);
            _graph.Add(
                "Cast", PairMask, [both], NodeAttribute.Int("to", (int)TensorProto.Types.DataType.Bool));
        }

        return $"{PairMask}/output";
    }

    private void DeclareConstants()
    {
        if (_graph.Has(Flat))
        {
            return;
        }

        var dtype = encoder.Weights.Dtype;
        _graph.AddConstant(Flat, 0, 0, sizes.Hidden);
        _graph.AddConstant(Apart, 0, 0, sizes.Heads, sizes.HeadDim);
        _graph.AddConstant(ApartPositions, 1, -1, sizes.Heads, sizes.HeadDim);
        _graph.AddConstant(Scale, dtype, 1 / Math.Sqrt(sizes.HeadDim * (double)Parts));
        _graph.AddConstant(Lowest, dtype, dtype == TensorDtype.Float16 ? -65504 : float.MinValue);
    }
}
