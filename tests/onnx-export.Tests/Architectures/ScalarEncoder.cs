using Stip.Export.Checkpoints;
using static Stip.Export.Tests.Architectures.ScalarBlocks;

namespace Stip.Export.Tests.Architectures;

/// <summary>BERT as its paper writes it, and the families that change one part of it, one number at a time.</summary>
/// <param name="config">config.json.</param>
/// <param name="tensors">The checkpoint.</param>
/// <param name="root">Name of the model before its parts.</param>
/// <param name="layer">Names inside a layer: query, key, value, output, norm of attention.</param>
internal sealed class ScalarEncoder(ScalarConfig config, ITensorStore tensors, string root, string[] layer)
{
    private const double Epsilon = 1e-12;

    public ScalarBlocks Blocks { get; } = new(tensors);

    /// <summary>Width of the tables.</summary>
    public int Width { get; init; } = config.Hidden;

    /// <summary>Row of the first position.</summary>
    public int FirstPosition { get; init; }

    public bool HasTypes { get; init; } = true;

    /// <summary>What is added to the score of a head for a key less its query; null for nothing.</summary>
    public Func<ScalarBlocks, int, int, double>? Bias { get; init; }

    /// <summary>Rows after the last layer.</summary>
    public List<double[]> Rows(IReadOnlyList<long> ids)
    {
        var rows = Blocks.Embed($"{root}.embeddings.word_embeddings.weight", ids, config.Vocab, Width);
        var positions = Blocks.Read(
            $"{root}.embeddings.position_embeddings.weight", config.Int("max_position_embeddings")!.Value, Width);
        for (var t = 0; t < rows.Count; t++)
        {
            Add(rows[t], positions.AsSpan((t + FirstPosition) * Width, Width).ToArray());
            if (HasTypes)
            {
                Add(rows[t], Blocks.Read($"{root}.embeddings.token_type_embeddings.weight", 2, Width)[..Width]);
            }

            rows[t] = Blocks.LayerNorm(rows[t], $"{root}.embeddings.LayerNorm", Epsilon);
            rows[t] = Width == config.Hidden
                ? rows[t]
                : Blocks.Linear(rows[t], $"{root}.embeddings_project", config.Hidden, hasBias: true);
        }

        for (var i = 0; i < config.Layers; i++)
        {
            rows = Layer($"{root}.encoder.layer.{i}", rows);
        }

        return rows;
    }

    private List<double[]> Layer(string name, List<double[]> rows)
    {
        var parts = layer[..3].Select(part => rows.Select(row =>
            Blocks.Linear(row, $"{name}.{part}", config.Hidden, hasBias: true)).ToArray()).ToArray();
        var made = new List<double[]>();
        for (var t = 0; t < rows.Count; t++)
        {
            var mixed = Enumerable.Range(0, config.Heads).SelectMany(head => Mix(parts, t, head)).ToArray();
            var attended = Blocks.Linear(mixed, $"{name}.{layer[3]}", config.Hidden, hasBias: true);
            Add(attended, rows[t]);
            var row = Blocks.LayerNorm(attended, $"{name}.{layer[4]}", Epsilon);
            var inner = Blocks.Linear(row, $"{name}.intermediate.dense", config.Inner, hasBias: true)
                .Select(ScalarFunctions.Gelu).ToArray();
            var moved = Blocks.Linear(inner, $"{name}.output.dense", config.Hidden, hasBias: true);
            Add(moved, row);
            made.Add(Blocks.LayerNorm(moved, $"{name}.output.LayerNorm", Epsilon));
        }

        return made;
    }

    private double[] Mix(double[][][] parts, int query, int head)
    {
        var (first, dim) = (head * config.Dim, config.Dim);
        double[] scores = [.. parts[1].Select((key, at) =>
            (Enumerable.Range(first, dim).Sum(c => parts[0][query][c] * key[c]) / Math.Sqrt(dim))
            + (Bias?.Invoke(Blocks, head, at - query) ?? 0))];
        double[] shares = [.. scores.Select(score => Math.Exp(score - scores.Max()))];
        return [.. Enumerable.Range(first, dim).Select(c =>
            parts[2].Select((value, at) => value[c] * shares[at]).Sum() / shares.Sum())];
    }
}
