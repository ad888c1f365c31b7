using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Attention;

/// <summary>Attention whose scores are those of content, those of distances as waves, and those of whether both rows
/// are of one part of the text, each with a bias of its own on queries (Transformer-XL, arXiv 1901.02860, as XLNet,
/// arXiv 1906.08237, has it).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="context">Most rows of a text.</param>
/// <param name="farthest">Distance from which on all are alike; null where none are.</param>
internal sealed class RelativeAttention(EncoderGraph encoder, EncoderSizes sizes, int context, int? farthest)
{
    private const string Name = "distance_waves";
    private const double Base = 10000;

    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the layer in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string rows)
    {
        var own = $"{tensor}.rel_attn";
        var query = Project($"{name}.query", $"{own}.q", rows);
        var key = Heads(Project($"{name}.key", $"{own}.k", rows), 0, 2, 3, 1); // [batch, heads, dim, seq]
        var value = Heads(Project($"{name}.value", $"{own}.v", rows), 0, 2, 1, 3);
        var waves = Heads(Project($"{name}.waves", $"{own}.r", Waves()), 0, 2, 3, 1); // [1, heads, dim, distances]
        var content = _graph.Add("MatMul", $"{name}.content", [
            Heads(Biased($"{name}.content_query", query, $"{own}.r_w_bias"), 0, 2, 1, 3), key]);
        var places = _graph.Add("MatMul", $"{name}.distances", [
            Heads(Biased($"{name}.distance_query", query, $"{own}.r_r_bias"), 0, 2, 1, 3), waves]);
        var everywhere = _graph.Add("Expand", $"{name}.places", [
            Places(), _graph.Add("Shape", $"{name}.shape", [content])]);
        var picked = _graph.Add(
            "GatherElements", $"{name}.picked", [places, everywhere], NodeAttribute.Int("axis", 3));
        var scores = _graph.Add("Mul", $"{name}.scores", [
            _graph.Add("Add", $"{name}.sum", [
                _graph.Add("Add", $"{name}.known", [content, picked]), Parts(name, own, query)]),
            encoder.SharedScalar($"{Name}.scale", sizes.ScoreScale)]);
        var masked = _graph.Add("Add", $"{name}.masked", [scores, Hidden()]);
        var shares = _graph.Add("Softmax", $"{name}.shares", [masked], NodeAttribute.Int("axis", -1));
        var mixed = _graph.Add("Transpose", $"{name}.together", [
            _graph.Add("MatMul", $"{name}.mixed", [shares, value])], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        var joined = _graph.Add(
            "Reshape", $"{name}.joined", [mixed, _graph.Shared($"{Name}.flat", 0, 0, sizes.QueryWidth)]);
        return Linear.FromRows(
            encoder, $"{name}.output", joined, Stored($"{own}.o", sizes.Hidden), bias: null);
    }

    private ReshapedTensor Stored(string tensor, int first) => new(
        encoder.Tensors.Require(tensor, first, sizes.Heads, sizes.HeadDim), [first, sizes.QueryWidth]);

    private string Project(string name, string tensor, string rows) => Linear.Append(
        encoder,
        name,
        rows,
        [new LinearPart(
            Stored(tensor, sizes.Hidden),
            HeadPadding.None(sizes.Hidden),
            HeadPadding.None(sizes.QueryWidth),
            StoredOutputsFirst: false)],
        bias: null);

    private string Biased(string name, string rows, string tensor)
    {
        var stored = new ReshapedTensor(
            encoder.Tensors.Require(tensor, sizes.Heads, sizes.HeadDim), [sizes.QueryWidth]);
        return _graph.Add("Add", name, [rows, encoder.AddWeight($"{name}.bias", encoder.Weights.Vector((
            stored, HeadPadding.None(sizes.QueryWidth))))]);
    }

    // What a key of the query's own part has over one of another: all that is left of both in a softmax.
    private string Parts(string name, string tensor, string query)
    {
        var kinds = encoder.Tensors.Require($"{tensor}.seg_embed", 2, sizes.Heads, sizes.HeadDim);
        var more = _graph.Add("Sub", $"{name}.part_difference", [Kind("own", 0), Kind("other", 1)]);
        var features = _graph.Add("Mul", $"{name}.part_features", [
            Biased($"{name}.part_query", query, $"{tensor}.r_s_bias"), more]);
        var sums = _graph.Add(
            "ReduceSum",
            $"{name}.part_sums",
            [Heads(features, 0, 2, 1, 3), _graph.Shared($"{Name}.channels", -1)],
            NodeAttribute.Int("keepdims", 1)); // [batch, heads, seq, 1]
        return _graph.Add("Mul", $"{name}.parts", [RowKinds.Same(encoder), sums]);

        string Kind(string kind, int row) => encoder.AddWeight($"{name}.part_{kind}", encoder.Weights.Vector((
            new ReshapedTensor(new TensorRows(kinds, row, 1), [sizes.QueryWidth]),
            HeadPadding.None(sizes.QueryWidth))));
    }

    private string Heads(string rows, params long[] order)
    {
        var apart = _graph.Add("Reshape", $"{rows}/apart", [
            rows, _graph.Shared($"{Name}.apart", 0, 0, sizes.Heads, sizes.HeadDim)]);
        return _graph.Add("Transpose", $"{rows}/heads", [apart], NodeAttribute.Ints("perm", order));
    }

    // Where a key stands less where the query does, from the farthest before it on: [1, distances, hidden].
    private string Waves() => encoder.SharedWeight(Name, () =>
    {
        var (count, hidden) = ((2 * context) - 1, sizes.Hidden);
        var table = new float[count * hidden];
        for (var i = 0; i < table.Length; i++)
        {
            var (place, channel) = Math.DivRem(i, hidden);
            var back = context - 1 - place;
            back = farthest is { } most ? Math.Clamp(back, -most, most) : back;
            var pair = channel % (hidden / 2);
            var angle = back / Math.Pow(Base, 2.0 * pair / hidden);
            table[i] = (float)(channel < hidden / 2 ? Math.Sin(angle) : Math.Cos(angle));
        }

        return encoder.Weights.Table([1, count, hidden], table);
    });

    // Which of the distances a query and a key have, [1, 1, seq, seq].
    private string Places()
    {
        if (!_graph.Has($"{Name}.place/output"))
        {
            var index = _graph.Add("Add", $"{Name}.index", [
                RowDistances.Append(encoder), _graph.AddScalarConstant($"{Name}.middle", context - 1)]);
            _graph.Add("Unsqueeze", $"{Name}.place", [index, _graph.AddConstant($"{Name}.axes", 0, 1)]);
        }

        return $"{Name}.place/output";
    }

    // What makes scores of padding vanish, but for those of a row and itself, [batch, 1, seq, seq].
    private string Hidden()
    {
        if (!_graph.Has($"{Name}.mask/output"))
        {
            var counts = _graph.Add(
                "Cast", $"{Name}.counts", [encoder.Mask!],
                NodeAttribute.Int("to", (int)TensorProto.Types.DataType.Bool));
            var keys = _graph.Add("Unsqueeze", $"{Name}.keys", [counts, _graph.AddConstant($"{Name}.mask_axes", 1, 2)]);
            var dtype = encoder.Weights.Dtype;
            var own = _graph.Add("Equal", $"{Name}.own", [
                RowDistances.Append(encoder), _graph.AddScalarConstant($"{Name}.none", 0)]);
            _graph.Add("Where", $"{Name}.mask", [
                _graph.Add("Or", $"{Name}.seen", [keys, own]),
                _graph.AddConstant($"{Name}.near", dtype, 0),
                _graph.AddConstant($"{Name}.far", dtype, dtype == TensorDtype.Float16 ? -65504 : float.MinValue)]);
        }

        return $"{Name}.mask/output";
    }
}
