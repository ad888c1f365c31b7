using System.Text.RegularExpressions;
using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>Tensors of a folder that no formula asked for.</summary>
internal static partial class UnusedTensors
{
    // Masks and tables that older versions of transformers saved with the weights, distances that the first T5 stored
    // and nobody reads, and scales of inputs and caches, which are not rounded here.
    private static readonly string[] Computed =
        [
            ".attn.bias", ".crossattention.bias", ".attention.bias", ".masked_bias", ".causal_mask", ".inv_freq",
            ".cos_cached", ".sin_cached",
            ".position_ids", ".num_batches_tracked", ".relative_position_index", ".relative_coords_table",
            ".attention_bias_idxs", ".input_scale", ".activation_scale", ".output_scale",
            ".weight_integer", ".bias_integer", ".fc_scaling_factor", ".weight_scaling_factor", ".act_scaling_factor",
            ".x_min", ".x_max", ".LayerNorm.shift",
            ".k_scale", ".v_scale", ".kv_scale", ".EncDecAttention.relative_attention_bias.weight",
        ];

    /// <summary>Refuses weights that lie in a layer of which others are used: what they do would be missing.</summary>
    /// <param name="all">Everything that is stored.</param>
    /// <param name="used">Names of what the model asked for.</param>
    /// <returns>The unused ones that lie elsewhere: heads of other tasks, layers beyond the last.</returns>
    /// <exception cref="RefusedException">There is such a weight.</exception>
    public static IReadOnlyList<string> Sort(IEnumerable<CheckpointTensor> all, IReadOnlySet<string> used)
    {
        var layers = used.Select(LayerOf).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var unused = all.Where(tensor => !used.Contains(tensor.Name) && !IsComputed(tensor))
            .OrderBy(tensor => tensor.Name, StringComparer.Ordinal).ToList();
        return unused.Find(tensor => LayerOf(tensor.Name) is { } layer && layers.Contains(layer)) is { } foreign
            ? throw new RefusedException($"tensor '{foreign.Name}' has no place in the model that config.json "
                + "describes, but lies in one of its layers: without it the outputs would be wrong")
            : [.. unused.Select(tensor => tensor.Name)];
    }

    private static string? LayerOf(string name) =>
        Layer().Match(name) is { Success: true } match ? name[..(match.Index + match.Length)] : null;

    private static bool IsComputed(CheckpointTensor tensor) =>
        Array.Exists(Computed, ending => tensor.Name.EndsWith(ending, StringComparison.Ordinal))
        && !(tensor.Shape.Count == 1 && tensor.Name.EndsWith(".bias", StringComparison.Ordinal));

    [GeneratedRegex(@"(^|\.)[0-9]+\.")]
    private static partial Regex Layer();
}
