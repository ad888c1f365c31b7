namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Keys by which a file changes what its model computes. llama.cpp has them for some families each: one that
/// nobody here asked for would be left out without a word.</summary>
internal static class GgufUnreadKeys
{
    private const string Experts = "expert_";

    // With the values that change nothing.
    private static readonly Dictionary<string, double[]> Neutral = new(StringComparer.Ordinal)
    {
        ["attention.clamp_kqv"] = [0],
        ["attention.max_alibi_bias"] = [0],
        ["attention.output_scale"] = [0, 1],
        ["attention.scale"] = [0],
        ["attention.temperature_scale"] = [0],
        ["attention.value_scale"] = [0, 1],
        ["attn_logit_softcapping"] = [0],
        ["embedding_scale"] = [0, 1],
        ["expert_group_count"] = [0, 1],
        ["expert_weights_scale"] = [0, 1],
        ["final_logit_softcapping"] = [0],
        ["interleave_moe_layer_step"] = [0, 1],
        ["logit_scale"] = [0, 1],
        ["moe_every_n_layers"] = [0, 1],
        ["residual_scale"] = [0, 1],
        ["rope.scaling.attn_factor"] = [0, 1],
        ["rope.scaling.yarn_attn_factor"] = [0, 1],
        ["rope.scaling.yarn_ext_factor"] = [-1, 0, 1],
        ["rope.scaling.yarn_log_multiplier"] = [0],
        ["router_logit_softcapping"] = [0],
    };

    /// <summary>Refuses a file with such a key, once all was read that its family has.</summary>
    /// <param name="metadata">The file's.</param>
    /// <param name="family">What the keys begin with.</param>
    /// <exception cref="Onnx.RefusedException">The key, its value and what would be allowed.</exception>
    public static void Refuse(GgufMetadata metadata, string family)
    {
        var hasExperts = metadata.Integer($"{family}.expert_count") is > 0;
        foreach (var (name, neutral) in Neutral)
        {
            var key = $"{family}.{name}";
            if ((name.StartsWith(Experts, StringComparison.Ordinal) && !hasExperts) || !metadata.IsUnread(key))
            {
                continue;
            }

            if (metadata.Number(key) is { } value && !neutral.Contains(value))
            {
                throw metadata.Refused(FormattableString.Invariant(
                    $"{key} is {(float)value:R}, which is not supported for a '{family}'; it must be absent or ")
                    + string.Join(" or ", neutral));
            }
        }

        var (whole, sliding) = ($"{family}.rope.freq_base", $"{family}.rope.freq_base_swa");
        if (metadata.IsUnread(sliding) && metadata.Number(sliding) is { } own
            && own != (metadata.Number(whole) ?? GgufConfig.DefaultTheta))
        {
            throw metadata.Refused(FormattableString.Invariant($"{sliding} is {(float)own:R}, which is not supported ")
                + $"for a '{family}'; it must be absent or {whole}");
        }

        if (metadata.IsUnread($"{family}.attention.causal") && metadata.Flag($"{family}.attention.causal") == false
            && !GgufEncoderFamilies.All.Any(encoder => encoder.Name == family))
        {
            throw metadata.Refused($"{family}.attention.causal is false: rows of this model see what follows, which is "
                + $"not supported for a '{family}'; it must be true or absent");
        }
    }
}
