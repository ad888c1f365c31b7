using Stip.Export.Blocks.Attention;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Positions;

/// <summary>What distances add to scores on a page (LayoutLMv3, arXiv 2204.08387): those between tokens in their order,
/// and those between left and between lower edges of their boxes. Edges are digits behind the features of a row.
/// </summary>
/// <param name="encoder">The graph.</param>
/// <param name="heads">Attention heads.</param>
/// <param name="factor">Factor on what is added.</param>
/// <param name="root">Where the tables stand in the checkpoint.</param>
internal sealed class PageDistances(EncoderGraph encoder, int heads, double factor, string root)
{
    /// <summary>Columns behind the features: two digits of the left edge, two of the lower one.</summary>
    public const int Digits = 4;

    private const string Name = "page";

    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>Parts the rows that come in.</summary>
    /// <returns>Features <c>[batch, seq, hidden]</c>.</returns>
    public static string Split(EncoderGraph encoder) => encoder.Graph.Append(
        "",
        "Split",
        $"{Name}/Split",
        [encoder.Embeds, encoder.Graph.AddConstant($"{Name}.widths", encoder.HiddenSize, Digits)],
        [$"{Name}/features", $"{Name}/digits"],
        NodeAttribute.Int("axis", -1))[0];

    /// <summary>Distances between rows as they stand, <c>[seq, seq]</c>.</summary>
    public string Order() => RowDistances.Append(encoder);

    /// <summary>Appends the bias of all heads.</summary>
    /// <param name="order">Distances in a text <c>[seq, seq]</c> and their buckets; null where they add
    /// nothing.</param>
    /// <param name="places">Buckets of distances between edges; null where they add nothing.</param>
    /// <param name="edges">Left and lower edges, int64 <c>[batch, seq]</c> each.</param>
    /// <returns><c>[batch or 1, heads, seq, seq]</c>; null where nothing is added.</returns>
    public string? Append(
        (string Distances, DistanceBias Buckets)? order, DistanceBias? places, Func<(string Left, string Lower)> edges)
    {
        string? sum = null;
        if (order is { } text)
        {
            var own = Looked($"{Name}.order", "rel_pos_bias", text.Distances, text.Buckets);
            sum = _graph.Add("Unsqueeze", $"{Name}.order", [own, _graph.AddConstant($"{Name}.first", 0)]);
        }

        if (places is not null)
        {
            var (left, lower) = edges();
            sum = With(sum, "x", left, places);
            sum = With(sum, "y", lower, places);
        }

        return sum is null ? null : _graph.Add("Mul", $"{Name}.bias", [
            sum, encoder.SharedScalar($"{Name}.factor", factor)]);
    }

    /// <summary>The edges that rows say, int64 <c>[batch, seq]</c> each.</summary>
    public (string Left, string Lower) Edges()
    {
        var digits = _graph.Append(
            "",
            "Split",
            $"{Name}/digits/Split",
            [$"{Name}/digits", _graph.AddConstant($"{Name}.digit_widths", 1, 1, 1, 1)],
            [$"{Name}.x_high", $"{Name}.x_low", $"{Name}.y_high", $"{Name}.y_low"],
            NodeAttribute.Int("axis", -1));
        return (Edge("left", digits[0], digits[1]), Edge("lower", digits[2], digits[3]));
    }

    private string Edge(string name, string high, string low)
    {
        var whole = NodeAttribute.Int("to", (long)TensorDtype.Int64.ToOnnx());
        var quotient = _graph.Add("Mul", $"{Name}.{name}.scaled", [
            _graph.Add("Cast", $"{Name}.{name}.high", [high], whole),
            Shared("base", PlaceDigits.Base)]);
        var all = _graph.Add("Add", $"{Name}.{name}.sum", [
            quotient, _graph.Add("Cast", $"{Name}.{name}.low", [low], whole)]);
        return _graph.Add("Squeeze", $"{Name}.{name}", [all, _graph.Shared($"{Name}.last", -1)]);
    }

    private string With(string? sum, string axis, string edges, DistanceBias buckets)
    {
        var distances = _graph.Add("Sub", $"{Name}.{axis}.distances", [
            _graph.Add("Unsqueeze", $"{Name}.{axis}.keys", [edges, _graph.Shared($"{Name}.key_axis", 1)]),
            _graph.Add("Unsqueeze", $"{Name}.{axis}.queries", [edges, _graph.Shared($"{Name}.query_axis", 2)])]);
        var turned = _graph.Add(
            "Transpose",
            $"{Name}.{axis}.bias",
            [Looked($"{Name}.{axis}", $"rel_pos_{axis}_bias", distances, buckets)],
            NodeAttribute.Ints("perm", 1, 0, 2, 3));
        return sum is null ? turned : _graph.Add("Add", $"{Name}.{axis}.sum", [sum, turned]);
    }

    // [heads, ..distances]
    private string Looked(string name, string tensor, string distances, DistanceBias buckets)
    {
        var near = _graph.Add("Clip", $"{name}.near", [
            distances,
            _graph.AddScalarConstant($"{name}.first_place", -buckets.Farthest),
            _graph.AddScalarConstant($"{name}.last_place", buckets.Farthest)]);
        var bucket = _graph.Add("Gather", $"{name}.bucket", [
            _graph.AddConstant($"{name}.buckets", buckets.All()),
            _graph.Add("Add", $"{name}.index", [near, _graph.AddScalarConstant($"{name}.middle", buckets.Farthest)])]);
        var stored = encoder.Tensors.Require($"{root}.{tensor}.weight", heads, buckets.Stored);
        var flat = encoder.Weights.Vector((stored, HeadPadding.None(heads * buckets.Stored)));
        return _graph.Add(
            "Gather",
            $"{name}.rows",
            [_graph.AddWeight($"{name}.weight", flat with { Shape = [heads, buckets.Stored] }), bucket],
            NodeAttribute.Int("axis", 1));
    }

    private string Shared(string name, long value) => _graph.Has($"{Name}.{name}")
        ? $"{Name}.{name}"
        : _graph.AddScalarConstant($"{Name}.{name}", value);
}
