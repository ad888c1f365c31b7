using Stip.Export.Checkpoints;

namespace Stip.Export.Tests.Architectures;

/// <summary>The parts that decoders share, one number at a time in double precision: slow, and hard to get
/// wrong.</summary>
internal sealed class ScalarBlocks(ITensorStore tensors)
{
    private readonly Dictionary<string, double[]> _read = [];

    /// <summary>A tensor of the checkpoint as doubles.</summary>
    public double[] Read(string name, params long[] shape)
    {
        if (!_read.TryGetValue(name, out var values))
        {
            var stored = new float[shape.Aggregate(1L, (product, length) => product * length)];
            tensors.Require(name, shape).Read(0, stored);
            _read.Add(name, values = [.. stored.Select(value => (double)value)]);
        }

        return values;
    }

    /// <summary>Rows of a table, times a factor.</summary>
    public List<double[]> Embed(string table, IReadOnlyList<long> ids, int vocab, int hidden, double scale = 1)
    {
        var values = Read(table, vocab, hidden);
        return [.. ids.Select(
            id => values.AsSpan((int)id * hidden, hidden).ToArray().Select(x => x * scale).ToArray())];
    }

    /// <summary>torch's Linear: <c>y[o] = Σ x[i] · w[o, i] + b[o]</c>.</summary>
    public double[] Linear(double[] x, string name, int outputs, bool hasBias = false)
    {
        var weight = Read($"{name}.weight", outputs, x.Length);
        var bias = hasBias ? Read($"{name}.bias", outputs) : new double[outputs];
        return Multiply(x, weight, 0, outputs, bias);
    }

    /// <summary>GPT-2's Conv1D: the same with <c>w[i, o]</c>.</summary>
    public double[] Conv1D(double[] x, string name, int outputs)
    {
        var weight = Read($"{name}.weight", x.Length, outputs);
        var y = Read($"{name}.bias", outputs).ToArray();
        for (var o = 0; o < outputs; o++)
        {
            y[o] += x.Select((value, i) => value * weight[(i * outputs) + o]).Sum();
        }

        return y;
    }

    /// <summary>Rows of a larger matrix <c>[…, out, in]</c> from <paramref name="firstRow"/> on.</summary>
    public static double[] Multiply(double[] x, double[] weight, int firstRow, int outputs, double[]? bias = null)
    {
        var y = new double[outputs];
        for (var o = 0; o < outputs; o++)
        {
            y[o] = bias?[o] ?? 0;
            for (var i = 0; i < x.Length; i++)
            {
                y[o] += x[i] * weight[((firstRow + o) * x.Length) + i];
            }
        }

        return y;
    }

    /// <summary>RMSNorm with its weights, which may be stored as a difference from 1.</summary>
    public double[] Rms(double[] x, string name, double epsilon, double offset = 0)
    {
        var weight = Read($"{name}.weight", x.Length);
        var scale = 1 / Math.Sqrt(x.Average(value => value * value) + epsilon);
        return [.. x.Select((value, i) => value * scale * (weight[i] + offset))];
    }

    /// <summary>RMSNorm of each head by itself.</summary>
    public double[] RmsOfHeads(double[] x, string name, int dim, double epsilon, double offset = 0) =>
        [.. x.Chunk(dim).SelectMany(head => Rms(head, name, epsilon, offset))];

    /// <summary>LayerNorm, with a weight and a bias where they are asked for.</summary>
    public double[] LayerNorm(double[] x, string name, double epsilon, bool hasWeight = true, bool hasBias = true)
    {
        var weight = hasWeight ? Read($"{name}.weight", x.Length) : null;
        var bias = hasBias ? Read($"{name}.bias", x.Length) : null;
        var mean = x.Average();
        var scale = 1 / Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + epsilon);
        return [.. x.Select((value, i) => ((value - mean) * scale * (weight?[i] ?? 1)) + (bias?[i] ?? 0))];
    }

    /// <summary>Logits of every row.</summary>
    public float[] Logits(IEnumerable<double[]> rows, string head, int vocab, bool hasBias = false) =>
        [.. rows.SelectMany(row => Linear(row, head, vocab, hasBias)).Select(logit => (float)logit)];

    /// <summary>Logits against the token table.</summary>
    public float[] TiedLogits(IEnumerable<double[]> rows, string table, int vocab) => [.. rows
        .SelectMany(row => Multiply(row, Read(table, vocab, row.Length), 0, vocab)).Select(logit => (float)logit)];

    /// <summary>Adds one vector to another, in place.</summary>
    public static void Add(double[] x, double[] y)
    {
        for (var i = 0; i < x.Length; i++)
        {
            x[i] += y[i];
        }
    }
}
