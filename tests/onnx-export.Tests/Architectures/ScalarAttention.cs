namespace Stip.Export.Tests.Architectures;

/// <summary>Causal attention as it is defined, head by head.</summary>
internal sealed record ScalarAttention(int Heads, int KvHeads, int Dim)
{
    public double Scale { get; init; } = 1 / Math.Sqrt(Dim);

    /// <summary>Radians a position for each pair of channels; null where positions do not turn.</summary>
    public double[]? Frequencies { get; init; }

    public bool IsInterleaved { get; init; }

    public double Magnitude { get; init; } = 1;

    public int Window { get; init; } = int.MaxValue;

    public double Softcap { get; init; }

    /// <summary>Slopes of ALiBi, null where there are none.</summary>
    public double[]? Slopes { get; init; }

    /// <summary>Powers of theta for so many turned channels.</summary>
    public static double[] Powers(double theta, int turned) =>
        [.. Enumerable.Range(0, turned / 2).Select(pair => Math.Pow(theta, -2.0 * pair / turned))];

    /// <summary>What every position takes from those up to its own.</summary>
    public List<double[]> Attend(List<double[]> queries, List<double[]> keys, List<double[]> values)
    {
        queries = [.. queries.Select(Turn)];
        keys = [.. keys.Select(Turn)];
        return [.. queries.Select((query, position) => Row(query, position, keys, values))];
    }

    private double[] Row(double[] query, int position, List<double[]> keys, List<double[]> values)
    {
        var output = new double[Heads * Dim];
        var first = Math.Max(0, position - Window + 1);
        var seen = Enumerable.Range(first, position - first + 1).ToArray();
        for (var head = 0; head < Heads; head++)
        {
            var (q, kv) = (head * Dim, head / (Heads / KvHeads) * Dim);
            var scores = seen.Select(t => Score(query, q, keys[t], kv, head, position - t)).ToArray();
            var largest = scores.Max();
            var weights = scores.Select(score => Math.Exp(score - largest)).ToArray();
            for (var c = 0; c < Dim; c++)
            {
                output[q + c] = seen.Select((t, i) => weights[i] * values[t][kv + c]).Sum() / weights.Sum();
            }
        }

        return output;
    }

    private double Score(double[] query, int q, double[] key, int kv, int head, int distance)
    {
        var score = Enumerable.Range(0, Dim).Sum(c => query[q + c] * key[kv + c]) * Scale;
        score = Softcap > 0 ? Softcap * Math.Tanh(score / Softcap) : score;
        return score - ((Slopes?[head] ?? 0) * distance);
    }

    private double[] Turn(double[] x, int position)
    {
        if (Frequencies is null)
        {
            return x;
        }

        var (half, y) = (Frequencies.Length, x.ToArray());
        for (var start = 0; start < x.Length; start += Dim)
        {
            for (var pair = 0; pair < half; pair++)
            {
                var (one, two) = IsInterleaved ? (2 * pair, (2 * pair) + 1) : (pair, pair + half);
                var (sin, cos) = Math.SinCos(position * Frequencies[pair]);
                var (a, b) = (x[start + one], x[start + two]);
                y[start + one] = ((a * cos) - (b * sin)) * Magnitude;
                y[start + two] = ((b * cos) + (a * sin)) * Magnitude;
            }
        }

        return y;
    }
}
