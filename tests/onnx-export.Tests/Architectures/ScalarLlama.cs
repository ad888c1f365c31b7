using Stip.Export.Checkpoints;
using static Stip.Export.Tests.Architectures.ScalarBlocks;

namespace Stip.Export.Tests.Architectures;

/// <summary>Llama as its paper writes it, and the families that change one part of it.</summary>
internal sealed class ScalarLlama(ScalarConfig config, ITensorStore tensors)
{
    public const double Epsilon = 1e-6;

    private readonly ScalarBlocks _blocks = new(tensors);

    public ScalarBlocks Blocks => _blocks;

    /// <summary>Attention of a layer.</summary>
    public Func<int, ScalarAttention> Attention { get; init; } = _ => config.Attention with
    {
        Frequencies = ScalarAttention.Powers(config.Theta, config.Dim),
    };

    /// <summary>Queries, keys and values of a normed row; null for three projections.</summary>
    public Func<string, double[], (double[] Query, double[] Key, double[] Value)>? Project { get; init; }

    /// <summary>Feed-forward of a normed row; null for SwiGLU.</summary>
    public Func<string, double[], double[]>? FeedForward { get; init; }

    public bool HasQkvBias { get; init; } = config.Flag("attention_bias");

    public bool HasOutputBias { get; init; } = config.Flag("attention_bias");

    public double Eps { get; init; } = Epsilon;

    /// <summary>Logits of every position, row after row.</summary>
    public float[] Logits(IReadOnlyList<long> ids)
    {
        const string table = "model.embed_tokens.weight";
        var rows = _blocks.Embed(table, ids, config.Vocab, config.Hidden);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            RunLayer($"model.layers.{layer}", layer, rows);
        }

        var normed = rows.Select(row => _blocks.Rms(row, "model.norm", Eps));
        return config.Flag("tie_word_embeddings")
            ? _blocks.TiedLogits(normed, table, config.Vocab)
            : _blocks.Logits(normed, "lm_head", config.Vocab);
    }

    /// <summary>SwiGLU with the usual names.</summary>
    public double[] SwiGlu(string name, double[] x, int inner, bool hasBias = false)
    {
        var gate = _blocks.Linear(x, $"{name}.gate_proj", inner, hasBias);
        var up = _blocks.Linear(x, $"{name}.up_proj", inner, hasBias);
        return _blocks.Linear(
            [.. gate.Zip(up, (g, u) => ScalarFunctions.Silu(g) * u)], $"{name}.down_proj", config.Hidden, hasBias);
    }

    /// <summary>A few of many experts, stored stacked, mixed by their shares.</summary>
    public double[] Experts(string name, double[] x, int experts, int chosen, int inner, bool normalizes)
    {
        var scores = _blocks.Linear(x, $"{name}.gate", experts);
        var exponents = scores.Select(score => Math.Exp(score - scores.Max())).ToArray();
        var best = Enumerable.Range(0, experts).OrderByDescending(expert => exponents[expert]).Take(chosen).ToArray();
        var total = normalizes ? best.Sum(expert => exponents[expert]) : exponents.Sum();
        var gateUp = _blocks.Read($"{name}.experts.gate_up_proj", experts, 2 * inner, x.Length);
        var down = _blocks.Read($"{name}.experts.down_proj", experts, x.Length, inner);
        var mixed = new double[x.Length];
        foreach (var expert in best)
        {
            var gate = Multiply(x, gateUp, expert * 2 * inner, inner);
            var up = Multiply(x, gateUp, ((expert * 2) + 1) * inner, inner);
            double[] active = [.. gate.Zip(up, (g, u) => ScalarFunctions.Silu(g) * u * exponents[expert] / total)];
            Add(mixed, Multiply(active, down, expert * x.Length, x.Length));
        }

        return mixed;
    }

    private void RunLayer(string name, int layer, List<double[]> rows)
    {
        var attention = Attention(layer);
        var projected = rows.Select(row => (Project ?? Apart)(
            $"{name}.self_attn", _blocks.Rms(row, $"{name}.input_layernorm", Eps))).ToList();
        var attended = attention.Attend(
            [.. projected.Select(row => row.Query)],
            [.. projected.Select(row => row.Key)],
            [.. projected.Select(row => row.Value)]);
        for (var t = 0; t < rows.Count; t++)
        {
            Add(rows[t], _blocks.Linear(attended[t], $"{name}.self_attn.o_proj", config.Hidden, HasOutputBias));
            var x = _blocks.Rms(rows[t], $"{name}.post_attention_layernorm", Eps);
            Add(rows[t], FeedForward?.Invoke(name, x)
                ?? SwiGlu($"{name}.mlp", x, config.Inner, config.Flag("mlp_bias")));
        }
    }

    /// <summary>Three projections.</summary>
    public (double[] Query, double[] Key, double[] Value) Apart(string name, double[] x) => (
        _blocks.Linear(x, $"{name}.q_proj", config.Heads * config.Dim, HasQkvBias),
        _blocks.Linear(x, $"{name}.k_proj", config.KvHeads * config.Dim, HasQkvBias),
        _blocks.Linear(x, $"{name}.v_proj", config.KvHeads * config.Dim, HasQkvBias));
}
