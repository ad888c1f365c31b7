using System.Numerics;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Positions;

/// <summary>ALiBi (arXiv 2108.12409): scores fall linearly with distance, each head with a slope of its own.</summary>
/// <param name="Slopes">One for each head.</param>
internal sealed record LinearBias(float[] Slopes)
{
    /// <summary>Exponent of the last slope in the paper, and of models that name none.</summary>
    public const double LargestExponent = 8;

    private const string Name = "attention.bias";

    /// <summary>The slopes of the paper: powers of 2^(-8/n), and where n heads are no power of two, every other slope
    /// of twice as many.</summary>
    /// <param name="heads">Number of heads.</param>
    /// <param name="largest">Exponent of the last slope.</param>
    public static LinearBias OfHeads(int heads, double largest = LargestExponent)
    {
        var closest = 1 << int.Log2(heads);
        var slopes = Powers(closest, largest);
        var between = Powers(2 * closest, largest).Where((_, i) => i % 2 == 0).Take(heads - closest);
        return new LinearBias([.. slopes, .. between]);
    }

    /// <summary>MPT's order of the same slopes: those of the next power of two, odd places first.</summary>
    public static LinearBias OfMpt(int heads, double largest)
    {
        var next = (int)BitOperations.RoundUpToPowerOf2((uint)heads);
        var slopes = Powers(next, largest).ToList();
        return new LinearBias(next == heads
            ? [.. slopes]
            : [.. slopes.Where((_, i) => i % 2 == 1).Concat(slopes.Where((_, i) => i % 2 == 0)).Take(heads)]);
    }

    /// <summary>Factor on what falls.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>True where slopes, distances and their products are rounded to bfloat16 whatever the model computes
    /// in.</summary>
    public bool IsRounded { get; init; }

    /// <summary>True where what falls is the product of a slope and a key's own position, which is what its models were
    /// trained to see rounded.</summary>
    public bool IsOfKeys { get; init; }

    /// <summary>Adds the bias <c>[1, heads, seq, total]</c> once, or one for each text of a batch where distances from
    /// its own rows fall.</summary>
    public string Append(DecoderGraph decoder)
    {
        var graph = decoder.Graph;
        if (graph.Has($"{Name}/output"))
        {
            return $"{Name}/output";
        }

        var total = Cast(graph, $"{Name}.total", DecoderPorts.TotalLength, TensorDtype.Int64);
        var one = graph.AddScalarConstant($"{Name}.one", 1);
        var keys = graph.Add("Range", $"{Name}.keys", [graph.AddScalarConstant($"{Name}.zero", 0), total, one]);
        var rows = graph.Add(
            "Shape", $"{Name}.rows", [decoder.Embeds], NodeAttribute.Int("start", 1), NodeAttribute.Int("end", 2));
        if (!IsRounded && !IsOfKeys)
        {
            return AppendExact(decoder, Name, Distances(graph, keys, Queries(decoder, rows)));
        }

        // Softmax does not see what all keys of a row share, so the key's own position is enough.
        var falling = IsRounded ? AppendRounded(decoder, keys) : AppendExact(decoder, $"{Name}.falling", keys);
        var shape = graph.Add(
            "Concat",
            $"{Name}.shape",
            [graph.AddConstant($"{Name}.ones", 1, 1), rows, graph.AddConstant($"{Name}.last", 1)],
            NodeAttribute.Int("axis", 0));
        return graph.Add("Expand", Name, [falling, shape]);
    }

    /// <summary>What falls on both sides of a row of an encoder, <c>[1, heads, seq, seq]</c>.</summary>
    public string Append(EncoderGraph encoder)
    {
        var graph = encoder.Graph;
        var away = graph.Add("Abs", $"{Name}.away", [RowDistances.Append(encoder)]);
        var distance = Cast(graph, $"{Name}.distance", away, encoder.Weights.Dtype);
        float[] falling = [.. Slopes.Select(slope => -slope)];
        var slopes = graph.AddWeight($"{Name}.slopes", encoder.Weights.Table([1, falling.Length, 1, 1], falling));
        return graph.Add("Mul", Name, [slopes, distance]);
    }

    // Where rows are, as a column: [batch, 1, seq, 1], as the total is that of the longest text, or [seq, 1] of whole
    // texts, which all begin at the first row.
    private static string Queries(DecoderGraph decoder, string rows)
    {
        var graph = decoder.Graph;
        var (one, count) = (graph.AddScalarConstant($"{Name}.step", 1), graph.Add("Squeeze", $"{Name}.count", [rows]));
        if (!decoder.HasCache)
        {
            var places = graph.Add("Range", $"{Name}.places", [
                graph.AddScalarConstant($"{Name}.start", 0), count, one]);
            return graph.Add("Unsqueeze", $"{Name}.queries", [places, graph.AddConstant($"{Name}.axes", 1)]);
        }

        // Of each row from its text's last one.
        var back = graph.Add("Range", $"{Name}.back", [graph.Add("Sub", $"{Name}.first", [one, count]), one, one]);
        var last = graph.Add("Unsqueeze", $"{Name}.lasts", [
            Cast(graph, $"{Name}.lengths", DecoderPorts.Lengths, TensorDtype.Int64),
            graph.AddConstant($"{Name}.axis", 1)]);
        return graph.Add("Unsqueeze", $"{Name}.queries", [
            graph.Add("Add", $"{Name}.own", [last, back]), graph.AddConstant($"{Name}.axes", 1, 3)]);
    }

    // As whole numbers: narrow types tell small distances apart, but not large positions. What comes after a row, and
    // is masked, is not to grow.
    private static string Distances(GraphBuilder graph, string keys, string queries) => graph.Add(
        "Min",
        $"{Name}.before",
        [graph.Add("Sub", $"{Name}.away", [keys, queries]), graph.AddScalarConstant($"{Name}.now", 0)]);

    private string AppendExact(DecoderGraph decoder, string name, string places)
    {
        var graph = decoder.Graph;
        var distance = Cast(graph, $"{Name}.distance", places, decoder.Weights.Dtype);
        float[] own = [.. Slopes.Select(slope => (float)(slope * Factor))];
        var slopes = graph.AddWeight($"{Name}.slopes", decoder.Weights.Table([1, own.Length, 1, 1], own));
        return graph.Add("Mul", name, [slopes, distance]);
    }

    // In float32, whose products of two bfloat16 are exact: the type of the graph would round them on the way.
    private string AppendRounded(DecoderGraph decoder, string keys)
    {
        var graph = decoder.Graph;
        var distance = Cast(graph, $"{Name}.distance", keys, TensorDtype.BFloat16);
        var slopes = graph.AddWeight(
            $"{Name}.slopes", Weight.FromFloats(TensorDtype.Float32, [1, Slopes.Length, 1, 1], Rounded(Slopes)));
        var exact = graph.Add(
            "Mul", $"{Name}.falling", [slopes, Cast(graph, $"{Name}.distance.wide", distance, TensorDtype.Float32)]);
        var rounded = Cast(graph, $"{Name}.short", exact, TensorDtype.BFloat16);
        var scaled = graph.Add("Mul", $"{Name}.scaled", [
            Cast(graph, $"{Name}.rounded", rounded, TensorDtype.Float32),
            graph.AddConstant($"{Name}.factor", TensorDtype.Float32, Factor)]);
        return decoder.Weights.Dtype == TensorDtype.Float32
            ? scaled
            : Cast(graph, $"{Name}.own", scaled, decoder.Weights.Dtype);
    }

    private static string Cast(GraphBuilder graph, string name, string values, TensorDtype dtype) =>
        graph.Add("Cast", name, [values], NodeAttribute.Int("to", (int)dtype.ToOnnx()));

    private static float[] Rounded(float[] values)
    {
        var (bytes, rounded) = (new byte[values.Length * TensorDtype.BFloat16.ByteSize()], new float[values.Length]);
        TensorConversion.FromFloat32(values, TensorDtype.BFloat16, bytes);
        TensorConversion.ToFloat32(TensorDtype.BFloat16, bytes, rounded);
        return rounded;
    }

    private static IEnumerable<float> Powers(int count, double largest) =>
        Enumerable.Range(1, count).Select(i => (float)Math.Pow(2, -largest * i / count));
}
