using System.Globalization;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>What GGUF calls the tensors of a Hugging Face checkpoint.</summary>
internal static class GgufNames
{
    // What is no module: such names end where a weight's does.
    private static readonly string[] Bare = [".sinks", ".e_score_correction_bias", ".expert_bias"];

    private static readonly Dictionary<string, string> Outside = new(StringComparer.Ordinal)
    {
        ["model.embed_tokens"] = "token_embd",
        ["model.norm"] = "output_norm",
        ["lm_head"] = "output",
    };

    private static readonly Dictionary<string, string> Inside = new(StringComparer.Ordinal)
    {
        ["input_layernorm"] = "attn_norm",
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.qkv_proj"] = "attn_qkv",
        ["self_attn.o_proj"] = "attn_output",
        ["self_attn.q_norm"] = "attn_q_norm",
        ["self_attn.k_norm"] = "attn_k_norm",
        ["post_attention_layernorm"] = "ffn_norm",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.gate_up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
    };

    /// <summary>The name in the file, null where files have no such tensor.</summary>
    /// <param name="name">Name in a checkpoint.</param>
    /// <param name="architecture">Where it names tensors in its own way.</param>
    public static string? Of(string name, GgufArchitecture architecture)
    {
        var isBare = Array.Exists(Bare, ending => name.EndsWith(ending, StringComparison.Ordinal));
        var dot = isBare ? name.Length : name.LastIndexOf('.');
        var (module, part) = dot < 0 ? (name, "") : (name[..dot], name[dot..]);
        if (Find(module, architecture.Names, Outside) is { } outside)
        {
            return outside + part;
        }

        if (!module.StartsWith($"{architecture.Layers}.", StringComparison.Ordinal)
            || module[(architecture.Layers.Length + 1)..].Split('.', 2) is not [var layer, var rest]
            || !int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            return null;
        }

        return Find(rest, architecture.Names, Inside) is { } inside ? $"blk.{layer}.{inside}{part}" : null;
    }

    private static string? Find(
        string module, IReadOnlyDictionary<string, string> own, Dictionary<string, string> shared) =>
        own.GetValueOrDefault(module) ?? shared.GetValueOrDefault(module);

    /// <summary>True for the factors of a norm.</summary>
    public static bool IsNorm(string name) => name.EndsWith("norm.weight", StringComparison.Ordinal);

    /// <summary>True for queries, keys and values in one matrix or bias.</summary>
    public static bool IsPacked(string stored) => stored.Contains(".attn_qkv.", StringComparison.Ordinal);

    /// <summary>True for what rotary embedding turns: rows or bias of queries and keys.</summary>
    public static bool IsTurned(string name) =>
        name.Contains(".self_attn.q_proj.", StringComparison.Ordinal)
        || name.Contains(".self_attn.k_proj.", StringComparison.Ordinal);
}
