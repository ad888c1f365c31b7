using Stip.Export.Checkpoints;

namespace Stip.Export.Tests.Architectures;

/// <summary>The parts that decoders share, one number at a time in double precision: slow, and hard to get
/// wrong.</summary>
internal static class ScalarModel
{
    /// <summary>A tensor of the checkpoint as doubles.</summary>
    public static double[] Read(ITensorStore tensors, string name, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, length) => product * length)];
        tensors.Require(name, shape).Read(0, values);
        return [.. values.Select(value => (double)value)];
    }

    /// <summary><c>y[o] = Σ x[i] · w(i, o) + b[o]</c>.</summary>
    public static double[] Project(double[] x, int outputs, Func<int, int, double> weight, double[]? bias)
    {
        var y = new double[outputs];
        for (var o = 0; o < outputs; o++)
        {
            y[o] = bias?[o] ?? 0;
            for (var i = 0; i < x.Length; i++)
            {
                y[o] += x[i] * weight(i, o);
            }
        }

        return y;
    }

    /// <summary>Causal attention of the last row of <paramref name="keys"/>, head by head.</summary>
    public static double[] Attend(
        double[] query,
        IReadOnlyList<double[]> keys,
        IReadOnlyList<double[]> values,
        int heads,
        int kvHeads,
        double scale)
    {
        var dim = query.Length / heads;
        var output = new double[query.Length];
        for (var head = 0; head < heads; head++)
        {
            var (q, kv) = (head * dim, head / (heads / kvHeads) * dim);
            var scores = keys
                .Select(key => Enumerable.Range(0, dim).Sum(c => query[q + c] * key[kv + c]) * scale)
                .ToArray();
            var largest = scores.Max();
            var weights = scores.Select(score => Math.Exp(score - largest)).ToArray();
            for (var c = 0; c < dim; c++)
            {
                output[q + c] = values.Select((value, t) => weights[t] * value[kv + c]).Sum() / weights.Sum();
            }
        }

        return output;
    }

    /// <summary>Adds one vector to another, in place.</summary>
    public static void Add(double[] x, double[] y)
    {
        for (var i = 0; i < x.Length; i++)
        {
            x[i] += y[i];
        }
    }
}
