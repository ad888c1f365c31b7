using System.Numerics;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>ALiBi (arXiv 2108.12409): scores fall linearly with distance, each head with a slope of its own.</summary>
/// <param name="Slopes">One for each head.</param>
internal sealed record LinearBias(float[] Slopes)
{
    private const string Name = "attention.bias";

    /// <summary>The slopes of the paper: powers of 2^(-8/n), and where n heads are no power of two, every other slope
    /// of twice as many.</summary>
    /// <param name="heads">Number of heads.</param>
    /// <param name="largest">Exponent of the last slope; 8 in the paper.</param>
    public static LinearBias OfHeads(int heads, double largest = 8)
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

    /// <summary>Adds the bias <c>[1, heads, seq, total]</c> once; softmax does not see what all keys of a row share, so
    /// the key's own position is enough.</summary>
    public string Append(DecoderGraph decoder)
    {
        var graph = decoder.Graph;
        if (graph.Has($"{Name}/output"))
        {
            return $"{Name}/output";
        }

        const int int64 = (int)TensorProto.Types.DataType.Int64;
        var total = graph.Add("Cast", $"{Name}.total", [DecoderPorts.TotalLength], NodeAttribute.Int("to", int64));
        var keys = graph.Add("Range", $"{Name}.keys", [
            graph.AddScalarConstant($"{Name}.zero", 0), total, graph.AddScalarConstant($"{Name}.one", 1)]);
        var distance = graph.Add(
            "Cast", $"{Name}.distance", [keys], NodeAttribute.Int("to", (int)decoder.Weights.Dtype.ToOnnx()));
        distance = IsRounded ? Rounded(decoder, $"{Name}.distance", distance) : distance;
        float[] own = IsRounded ? Rounded(Slopes) : [.. Slopes.Select(slope => (float)(slope * Factor))];
        var slopes = graph.AddWeight($"{Name}.slopes", decoder.Weights.Table([1, own.Length, 1, 1], own));
        var falling = graph.Add("Mul", $"{Name}.falling", [slopes, distance]);
        if (IsRounded)
        {
            falling = graph.Add("Mul", $"{Name}.scaled", [
                Rounded(decoder, Name, falling), decoder.Scalar($"{Name}.factor", Factor)]);
        }

        var rows = graph.Add(
            "Shape", $"{Name}.rows", [decoder.Embeds], NodeAttribute.Int("start", 1), NodeAttribute.Int("end", 2));
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
        var distance = graph.Add(
            "Cast", $"{Name}.distance", [away], NodeAttribute.Int("to", (int)encoder.Weights.Dtype.ToOnnx()));
        float[] falling = [.. Slopes.Select(slope => -slope)];
        var slopes = graph.AddWeight($"{Name}.slopes", encoder.Weights.Table([1, falling.Length, 1, 1], falling));
        return graph.Add("Mul", Name, [slopes, distance]);
    }

    private static string Rounded(DecoderGraph decoder, string name, string values)
    {
        var rounded = decoder.Graph.Add(
            "Cast", $"{name}.short", [values], NodeAttribute.Int("to", (int)TensorProto.Types.DataType.Bfloat16));
        return decoder.Graph.Add(
            "Cast", $"{name}.rounded", [rounded], NodeAttribute.Int("to", (int)decoder.Weights.Dtype.ToOnnx()));
    }

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
