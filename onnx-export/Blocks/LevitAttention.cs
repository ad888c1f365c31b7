using Stip.Export.Blocks.Vision;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>Attention of pixels, to whose scores their distance adds, down and across apart (LeViT, arXiv 2104.01136);
/// over every pixel, or from every second one in both directions to all.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="name">Name in the graph.</param>
/// <param name="tensor">Name in the checkpoint.</param>
internal sealed class LevitAttention(EncoderGraph encoder, string name, string tensor)
{
    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>Channels of the rows that come in.</summary>
    public required int Inputs { get; init; }

    /// <summary>Channels of those that go out.</summary>
    public required int Outputs { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Channels of a query and of a key.</summary>
    public required int KeyDim { get; init; }

    /// <summary>How many times wider a value is.</summary>
    public required int Ratio { get; init; }

    /// <summary>Pixels side by side.</summary>
    public required int Across { get; init; }

    /// <summary>Pixels from one query to the next.</summary>
    public int Step { get; init; } = 1;

    private int ValueDim => Ratio * KeyDim;

    private bool IsCoarser => Step > 1;

    /// <summary>A matrix without a bias, and the norm of training after it.</summary>
    public static string Normed(
        EncoderGraph encoder, string layer, string stored, string rows, int inputs, int outputs)
    {
        var mixed = Linear.FromLinear(
            encoder, layer, rows, $"{stored}.linear", inputs, outputs, hasBias: false);
        var turned = encoder.Graph.Add("Transpose", $"{layer}.turned", [mixed], NodeAttribute.Ints("perm", 0, 2, 1));
        var normed = BatchNorm.Append(encoder, $"{layer}.norm", $"{stored}.batch_norm", turned, outputs);
        return encoder.Graph.Add("Transpose", $"{layer}.back", [normed], NodeAttribute.Ints("perm", 0, 2, 1));
    }

    /// <summary>Appends it.</summary>
    /// <param name="rows">Rows <c>[batch, pixels, inputs]</c>.</param>
    /// <returns>Rows <c>[batch, queries, outputs]</c>.</returns>
    public string Append(string rows)
    {
        var parts = IsCoarser
            ? [Queries(rows), .. Parts("keys_values", rows, KeyDim, ValueDim)]
            : Parts("queries_keys_values", rows, KeyDim, KeyDim, ValueDim);
        var (query, key, value) = (
            Turned("q", parts[0], 0, 2, 1, 3), Turned("k", parts[1], 0, 2, 3, 1), Turned("v", parts[2], 0, 2, 1, 3));
        var scores = _graph.Add("Mul", $"{name}.scaled", [
            _graph.Add("MatMul", $"{name}.scores", [query, key]),
            encoder.SharedScalar($"levit.scale.{KeyDim}", 1 / Math.Sqrt(KeyDim))]);
        var shares = _graph.Add(
            "Softmax", $"{name}.shares", [_graph.Add("Add", $"{name}.biased", [scores, Bias()])],
            NodeAttribute.Int("axis", -1));
        var together = Turned("together", _graph.Add("MatMul", $"{name}.mixed", [shares, value]), 0, 2, 1, 3);
        var width = Heads * ValueDim;
        var joined = _graph.Add(
            "Reshape", $"{name}.joined", [together, _graph.Shared($"levit.joined.{width}", 0, 0, width)]);
        return Normed(
            encoder,
            $"{name}.projection",
            $"{tensor}.projection",
            _graph.Add("HardSwish", $"{name}.act", [joined]),
            width,
            Outputs);
    }

    private string Queries(string rows)
    {
        long[] places = [.. from down in Enumerable.Range(0, (Across + Step - 1) / Step)
                            from across in Enumerable.Range(0, (Across + Step - 1) / Step)
                            select ((long)down * Step * Across) + (across * Step)];
        var fewer = _graph.Add(
            "Gather", $"{name}.fewer", [rows, _graph.AddConstant($"{name}.places", places)],
            NodeAttribute.Int("axis", 1));
        var flat = Normed(encoder, $"{name}.queries", $"{tensor}.queries", fewer, Inputs, Heads * KeyDim);
        return _graph.Add("Reshape", $"{name}.queries_apart", [
            flat, _graph.Shared($"levit.heads.{Heads}.{KeyDim}", 0, 0, Heads, KeyDim)]);
    }

    // The parts of a head stand side by side, head after head.
    private IReadOnlyList<string> Parts(string stored, string rows, params long[] widths)
    {
        var all = (int)widths.Sum();
        var flat = Normed(encoder, $"{name}.parts", $"{tensor}.{stored}", rows, Inputs, Heads * all);
        var apart = _graph.Add("Reshape", $"{name}.apart", [
            flat, _graph.Shared($"levit.heads.{Heads}.{all}", 0, 0, Heads, all)]);
        return _graph.Append(
            "",
            "Split",
            $"{name}/Split",
            [apart, _graph.Shared($"levit.widths.{string.Join('.', widths)}", widths)],
            [.. widths.Select((_, part) => $"{name}/part{part}")],
            NodeAttribute.Int("axis", 3));
    }

    private string Turned(string part, string value, params long[] order) =>
        _graph.Add("Transpose", $"{name}.{part}_turned", [value], NodeAttribute.Ints("perm", order));

    // Distances are numbered in the order in which queries and keys meet them.
    private string Bias()
    {
        var known = new Dictionary<(int Down, int Across), int>();
        var grid = Enumerable.Range(0, Across).ToList();
        var coarse = Enumerable.Range(0, (Across + Step - 1) / Step).ToList();
        var queries = from down in coarse from across in coarse select (Down: down * Step, Across: across * Step);
        var keys = (from down in grid from across in grid select (Down: down, Across: across)).ToList();
        var (numbers, count) = (new List<long>(), 0);
        foreach (var query in queries)
        {
            foreach (var key in keys)
            {
                var distance = (Math.Abs(query.Down - key.Down), Math.Abs(query.Across - key.Across));
                known.TryAdd(distance, known.Count);
                numbers.Add(known[distance]);
            }

            count++;
        }

        var stored = encoder.Tensors.Require($"{tensor}.attention_biases", Heads, known.Count);
        var table = encoder.AddWeight(
            $"{name}.biases", encoder.Weights.Rows([Heads, known.Count], [stored], 1));
        var flat = _graph.Add(
            "Gather", $"{name}.distances", [table, _graph.AddConstant($"{name}.distance", [.. numbers])],
            NodeAttribute.Int("axis", 1));
        return _graph.Add("Reshape", $"{name}.bias", [
            flat, _graph.AddConstant($"{name}.bias_shape", Heads, count, keys.Count)]);
    }
}
