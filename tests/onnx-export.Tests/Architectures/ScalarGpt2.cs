using Stip.Export.Architectures;
using Stip.Export.Checkpoints;
using static Stip.Export.Tests.Architectures.ScalarModel;

namespace Stip.Export.Tests.Architectures;

/// <summary>GPT-2 as its paper writes it, with ReLU or GELU by its definition.</summary>
internal static class ScalarGpt2
{
    /// <returns>Logits of every position, row after row.</returns>
    public static float[] Logits(Checkpoint checkpoint, IReadOnlyList<long> ids)
    {
        var config = Gpt2Config.Read(checkpoint.Config);
        var (tensors, hidden) = (checkpoint.Tensors, config.HiddenSize);
        var table = Read(tensors, "transformer.wte.weight", config.VocabSize, hidden);
        var positions = Read(tensors, "transformer.wpe.weight", config.ContextLength, hidden);
        var head = config.IsTied ? table : Read(tensors, "lm_head.weight", config.VocabSize, hidden);
        var rows = ids.Select((id, t) => Enumerable.Range(0, hidden)
            .Select(i => table[id * hidden + i] + positions[t * hidden + i]).ToArray()).ToList();
        for (var layer = 0; layer < config.Layers; layer++)
        {
            RunLayer(tensors, config, layer, rows);
        }

        var norm = Norm(tensors, "transformer.ln_f", config);
        return [.. rows.SelectMany(row => Project(norm(row), config.VocabSize, (i, o) => head[o * hidden + i], null)
            .Select(logit => (float)logit))];
    }

    private static void RunLayer(ITensorStore tensors, Gpt2Config config, int layer, List<double[]> rows)
    {
        var (name, hidden, heads) = ($"transformer.h.{layer}", config.HiddenSize, config.Heads.Heads);
        var attentionNorm = Norm(tensors, $"{name}.ln_1", config);
        var mlpNorm = Norm(tensors, $"{name}.ln_2", config);
        var packed = Conv1D(tensors, $"{name}.attn.c_attn", hidden, 3 * hidden);
        var output = Conv1D(tensors, $"{name}.attn.c_proj", hidden, hidden);
        var up = Conv1D(tensors, $"{name}.mlp.c_fc", hidden, config.InnerSize);
        var down = Conv1D(tensors, $"{name}.mlp.c_proj", config.InnerSize, hidden);
        var scale = (config.ScalesByHeadDim ? 1 / Math.Sqrt((double)hidden / heads) : 1)
            / (config.ScalesByLayer ? layer + 1 : 1);
        var (keys, values) = (new List<double[]>(), new List<double[]>());
        foreach (var row in rows)
        {
            var qkv = packed(attentionNorm(row));
            keys.Add(qkv[hidden..(2 * hidden)]);
            values.Add(qkv[(2 * hidden)..]);
            Add(row, output(Attend(qkv[..hidden], keys, values, heads, heads, scale)));
            Add(row, down([.. up(mlpNorm(row)).Select(value => Activate(config.Activation, value))]));
        }
    }

    private static double Activate(string function, double x) => function switch
    {
        "relu" => Math.Max(x, 0),
        _ => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
    };

    private static Func<double[], double[]> Conv1D(ITensorStore tensors, string name, int inputs, int outputs)
    {
        var weight = Read(tensors, $"{name}.weight", inputs, outputs);
        var bias = Read(tensors, $"{name}.bias", outputs);
        return x => Project(x, outputs, (i, o) => weight[i * outputs + o], bias);
    }

    private static Func<double[], double[]> Norm(ITensorStore tensors, string name, Gpt2Config config)
    {
        var weight = Read(tensors, $"{name}.weight", config.HiddenSize);
        var bias = Read(tensors, $"{name}.bias", config.HiddenSize);
        return x =>
        {
            var mean = x.Average();
            var scale = 1 / Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + config.NormEpsilon);
            return [.. x.Select((value, i) => (value - mean) * scale * weight[i] + bias[i])];
        };
    }
}
