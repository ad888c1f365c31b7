using Stip.Export.Checkpoints;
using static Stip.Export.Tests.Architectures.ScalarBlocks;

namespace Stip.Export.Tests.Architectures;

/// <summary>Gemma 2 as its report writes it.</summary>
internal static class ScalarGemma2
{
    private const double Epsilon = 1e-6;

    public static float[] Logits(ScalarConfig config, ITensorStore tensors, IReadOnlyList<long> ids)
    {
        const string table = "model.embed_tokens.weight";
        var blocks = new ScalarBlocks(tensors);
        var rows = blocks.Embed(table, ids, config.Vocab, config.Hidden, Math.Sqrt(config.Hidden));
        for (var layer = 0; layer < config.Layers; layer++)
        {
            RunLayer(blocks, config, layer, rows);
        }

        var cap = config.Number("final_logit_softcapping") ?? 30;
        var normed = rows.Select(row => blocks.Rms(row, "model.norm", Epsilon, offset: 1));
        return [.. blocks.TiedLogits(normed, table, config.Vocab).Select(x => (float)(cap * Math.Tanh(x / cap)))];
    }

    private static void RunLayer(ScalarBlocks blocks, ScalarConfig config, int layer, List<double[]> rows)
    {
        var name = $"model.layers.{layer}";
        var attention = config.Attention with
        {
            Frequencies = ScalarAttention.Powers(config.Theta, config.Dim),
            Scale = 1 / Math.Sqrt(config.Number("query_pre_attn_scalar") ?? 256),
            Softcap = config.Number("attn_logit_softcapping") ?? 50,
            Window = layer % 2 == 0 ? config.Int("sliding_window") ?? 4096 : int.MaxValue,
        };
        var normed = rows.Select(row => Norm(row, "input_layernorm")).ToList();
        var attended = attention.Attend(
            [.. normed.Select(x => blocks.Linear(x, $"{name}.self_attn.q_proj", config.Heads * config.Dim))],
            [.. normed.Select(x => blocks.Linear(x, $"{name}.self_attn.k_proj", config.KvHeads * config.Dim))],
            [.. normed.Select(x => blocks.Linear(x, $"{name}.self_attn.v_proj", config.KvHeads * config.Dim))]);
        for (var t = 0; t < rows.Count; t++)
        {
            var given = blocks.Linear(attended[t], $"{name}.self_attn.o_proj", config.Hidden);
            Add(rows[t], Norm(given, "post_attention_layernorm"));
            var x = Norm(rows[t], "pre_feedforward_layernorm");
            var gate = blocks.Linear(x, $"{name}.mlp.gate_proj", config.Inner);
            var up = blocks.Linear(x, $"{name}.mlp.up_proj", config.Inner);
            double[] active = [.. gate.Zip(up, (g, u) => ScalarFunctions.TanhGelu(g) * u)];
            given = blocks.Linear(active, $"{name}.mlp.down_proj", config.Hidden);
            Add(rows[t], Norm(given, "post_feedforward_layernorm"));
        }

        double[] Norm(double[] x, string part) => blocks.Rms(x, $"{name}.{part}", Epsilon, offset: 1);
    }
}
