using Stip.Export.Checkpoints;
using static Stip.Export.Tests.Architectures.ScalarBlocks;

namespace Stip.Export.Tests.Architectures;

/// <summary>GPT-2 as its paper writes it, with ReLU or GELU by its definition.</summary>
internal static class ScalarGpt2
{
    private const double Epsilon = 1e-5;

    public static float[] Logits(
        ScalarConfig config, ITensorStore tensors, IReadOnlyList<long> ids, Func<double, double> function)
    {
        const string table = "transformer.wte.weight";
        var (blocks, hidden) = (new ScalarBlocks(tensors), config.Hidden);
        var rows = blocks.Embed(table, ids, config.Vocab, hidden);
        var positions = blocks.Read("transformer.wpe.weight", config.Int("n_positions")!.Value, hidden);
        for (var t = 0; t < rows.Count; t++)
        {
            Add(rows[t], positions.AsSpan(t * hidden, hidden).ToArray());
        }

        for (var layer = 0; layer < config.Layers; layer++)
        {
            RunLayer(blocks, config, layer, rows, function);
        }

        var normed = rows.Select(row => blocks.LayerNorm(row, "transformer.ln_f", Epsilon));
        return config.Flag("tie_word_embeddings", true)
            ? blocks.TiedLogits(normed, table, config.Vocab)
            : blocks.Logits(normed, "lm_head", config.Vocab);
    }

    private static void RunLayer(
        ScalarBlocks blocks, ScalarConfig config, int layer, List<double[]> rows, Func<double, double> function)
    {
        var (name, hidden) = ($"transformer.h.{layer}", config.Hidden);
        var attention = config.Attention;
        attention = attention with
        {
            Scale = (config.Flag("scale_attn_weights", true) ? attention.Scale : 1)
                / (config.Flag("scale_attn_by_inverse_layer_idx") ? layer + 1 : 1),
        };
        var packed = rows.Select(row => blocks.Conv1D(
            blocks.LayerNorm(row, $"{name}.ln_1", Epsilon), $"{name}.attn.c_attn", 3 * hidden)).ToList();
        var attended = attention.Attend(
            [.. packed.Select(row => row[..hidden])],
            [.. packed.Select(row => row[hidden..(2 * hidden)])],
            [.. packed.Select(row => row[(2 * hidden)..])]);
        for (var t = 0; t < rows.Count; t++)
        {
            Add(rows[t], blocks.Conv1D(attended[t], $"{name}.attn.c_proj", hidden));
            var x = blocks.LayerNorm(rows[t], $"{name}.ln_2", Epsilon);
            var inner = blocks.Conv1D(x, $"{name}.mlp.c_fc", config.Int("n_inner") ?? 4 * hidden);
            Add(rows[t], blocks.Conv1D([.. inner.Select(function)], $"{name}.mlp.c_proj", hidden));
        }
    }
}
