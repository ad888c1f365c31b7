using Stip.Export.Architectures;
using Stip.Export.Checkpoints;
using static Stip.Export.Tests.Architectures.ScalarModel;

namespace Stip.Export.Tests.Architectures;

/// <summary>Llama as its paper writes it.</summary>
internal static class ScalarLlama
{
    /// <returns>Logits of every position, row after row.</returns>
    public static float[] Logits(Checkpoint checkpoint, IReadOnlyList<long> ids, double[] inverseFrequencies)
    {
        var config = LlamaConfig.Read(checkpoint.Config);
        var table = Read(checkpoint.Tensors, "model.embed_tokens.weight", config.VocabSize, config.HiddenSize);
        var head = config.IsTied
            ? table
            : Read(checkpoint.Tensors, "lm_head.weight", config.VocabSize, config.HiddenSize);
        var rows = ids.Select(id => table[((int)id * config.HiddenSize)..(((int)id + 1) * config.HiddenSize)]).ToList();
        for (var layer = 0; layer < config.Layers; layer++)
        {
            RunLayer(checkpoint.Tensors, config, $"model.layers.{layer}", rows, inverseFrequencies);
        }

        var norm = Read(checkpoint.Tensors, "model.norm.weight", config.HiddenSize);
        return [.. rows.SelectMany(row => Project(
            RmsNorm(row, norm, config.NormEpsilon), config.VocabSize, (i, o) => head[o * config.HiddenSize + i], null)
            .Select(logit => (float)logit))];
    }

    private static void RunLayer(
        ITensorStore tensors, LlamaConfig config, string name, List<double[]> rows, double[] frequencies)
    {
        var (heads, hidden) = (config.Heads, config.HiddenSize);
        var attentionNorm = Read(tensors, $"{name}.input_layernorm.weight", hidden);
        var mlpNorm = Read(tensors, $"{name}.post_attention_layernorm.weight", hidden);
        var (queryWidth, kvWidth) = (heads.Heads * heads.Dim, heads.KvHeads * heads.Dim);
        var query = Linear(tensors, $"{name}.self_attn.q_proj", hidden, queryWidth, config.HasAttentionBias);
        var key = Linear(tensors, $"{name}.self_attn.k_proj", hidden, kvWidth, config.HasAttentionBias);
        var value = Linear(tensors, $"{name}.self_attn.v_proj", hidden, kvWidth, config.HasAttentionBias);
        var output = Linear(tensors, $"{name}.self_attn.o_proj", queryWidth, hidden, config.HasAttentionBias);
        var gate = Linear(tensors, $"{name}.mlp.gate_proj", hidden, config.InnerSize, config.HasMlpBias);
        var up = Linear(tensors, $"{name}.mlp.up_proj", hidden, config.InnerSize, config.HasMlpBias);
        var down = Linear(tensors, $"{name}.mlp.down_proj", config.InnerSize, hidden, config.HasMlpBias);
        var (keys, values) = (new List<double[]>(), new List<double[]>());
        for (var position = 0; position < rows.Count; position++)
        {
            var x = RmsNorm(rows[position], attentionNorm, config.NormEpsilon);
            keys.Add(Turn(key(x), position, heads.Dim, frequencies));
            values.Add(value(x));
            Add(rows[position], output(Attend(
                Turn(query(x), position, heads.Dim, frequencies), keys, values, heads.Heads, heads.KvHeads,
                1 / Math.Sqrt(heads.Dim))));
            x = RmsNorm(rows[position], mlpNorm, config.NormEpsilon);
            Add(rows[position], down([.. gate(x).Zip(up(x), (g, u) => g / (1 + Math.Exp(-g)) * u)]));
        }
    }

    private static Func<double[], double[]> Linear(
        ITensorStore tensors, string name, int inputs, int outputs, bool hasBias)
    {
        var weight = Read(tensors, $"{name}.weight", outputs, inputs);
        var bias = hasBias ? Read(tensors, $"{name}.bias", outputs) : null;
        return x => Project(x, outputs, (i, o) => weight[o * inputs + i], bias);
    }

    private static double[] RmsNorm(double[] x, double[] weight, double epsilon)
    {
        var scale = 1 / Math.Sqrt(x.Average(value => value * value) + epsilon);
        return [.. x.Select((value, i) => value * scale * weight[i])];
    }

    private static double[] Turn(double[] x, int position, int dim, double[] frequencies)
    {
        var y = new double[x.Length];
        for (var channel = 0; channel < x.Length; channel++)
        {
            var (start, inside) = (channel / dim * dim, channel % dim);
            var (sin, cos) = Math.SinCos(position * frequencies[inside % (dim / 2)]);
            var other = inside < dim / 2 ? -x[start + inside + dim / 2] : x[start + inside - dim / 2];
            y[channel] = x[channel] * cos + other * sin;
        }

        return y;
    }
}
