using System.Text.RegularExpressions;
using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary><c>adapter_config.json</c> as PEFT writes it.</summary>
/// <param name="Rank">Rank of a module that has none of its own.</param>
/// <param name="Alpha">Numerator of the scale of a module that has none of its own.</param>
/// <param name="ScalesByRoot">True where the scale is alpha / √rank (rsLoRA), false for alpha / rank.</param>
/// <param name="IsTransposed">True where the base matrix is stored <c>[in, out]</c> (Conv1D).</param>
/// <param name="BaseModel">Name or folder of the checkpoint that was adapted, where it says so.</param>
internal sealed record LoraConfig(int Rank, double Alpha, bool ScalesByRoot, bool IsTransposed, string? BaseModel)
{
    public const string FileName = "adapter_config.json";

    // Starts of an adapter that leave the base as it was.
    private static readonly string[] OverAnyBase = ["true", "false", "gaussian", "eva", "orthogonal"];

    /// <summary>True where a head that is the token table has all of its changes, false where each has its
    /// own.</summary>
    public bool KeepsTied { get; private init; }

    private IReadOnlyDictionary<string, double> Ranks { get; init; } = new Dictionary<string, double>();

    private IReadOnlyDictionary<string, double> Alphas { get; init; } = new Dictionary<string, double>();

    public static LoraConfig Load(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var config = File.Exists(path)
            ? ConfigJson.Load(path)
            : throw new RefusedException($"{folder} has no {FileName}; an adapter is a folder that PEFT wrote");
        if (config.Text("peft_type") is { } type && type != "LORA")
        {
            throw new RefusedException($"{FileName}: peft_type is '{type}'; only LORA is merged");
        }

        if (config.Flag("use_dora", false))
        {
            throw new RefusedException($"{FileName}: use_dora is true; only plain LoRA is merged (false)");
        }

        RefuseAnotherBase(config);
        var rank = config.Size("r");
        return new LoraConfig(
            rank,
            config.Positive("lora_alpha", rank),
            config.Flag("use_rslora", false),
            config.Flag("fan_in_fan_out", false),
            config.Text("base_model_name_or_path"))
        {
            KeepsTied = config.Flag("ensure_weight_tying", false),
            Ranks = config.NumbersByName("rank_pattern"),
            Alphas = config.NumbersByName("alpha_pattern"),
        };
    }

    /// <summary>Factor on what the adapter adds to a module.</summary>
    /// <param name="module">Name of the module, e.g. <c>model.layers.0.self_attn.q_proj</c>.</param>
    /// <param name="rank">Rank of its matrices.</param>
    public double Scale(string module, long rank)
    {
        var expected = Of(Ranks, module) ?? Rank;
        if (rank != (long)expected)
        {
            throw new RefusedException(
                $"the adapter's matrices for '{module}' have rank {rank}; {FileName} says {expected}");
        }

        var alpha = Of(Alphas, module) ?? Alpha;
        return alpha / (ScalesByRoot ? Math.Sqrt(rank) : rank);
    }

    // These took part of the base's matrices into the adapter when it was made (PEFT subtracts the same part from
    // them), or say of it what a merge cannot: the base alone plus the adapter would be another model.
    private static void RefuseAnotherBase(ConfigJson config)
    {
        var drawn = config.TextIfAny("init_lora_weights") ?? "true";
        if (!OverAnyBase.Contains(drawn, StringComparer.OrdinalIgnoreCase))
        {
            throw new RefusedException(
                $"{FileName}: init_lora_weights is '{drawn}', so the adapter belongs to a base that it changed; it "
                + $"must be true, false or one of {string.Join(", ", OverAnyBase)} (PEFT converts others "
                + "when it saves them with path_initial_model_for_weight_conversion)");
        }

        foreach (var field in new[] { "alora_invocation_tokens", "layer_replication" })
        {
            if (config.IsGiven(field))
            {
                throw new RefusedException($"{FileName}: {field} is set; only adapters without it are merged (null)");
            }
        }

        config.RefuseFlag("use_qalora");
    }

    // Patterns name the end of a module's path.
    private static double? Of(IReadOnlyDictionary<string, double> patterns, string module)
    {
        foreach (var (pattern, value) in patterns)
        {
            if (Matches(module, pattern))
            {
                return value;
            }
        }

        return null;
    }

    private static bool Matches(string module, string pattern)
    {
        try
        {
            return Regex.IsMatch(module, $@"(^|.*\.)({pattern})$", RegexOptions.None, TimeSpan.FromSeconds(1));
        }
        catch (RegexParseException e)
        {
            throw new RefusedException($"{FileName}: '{pattern}' is no regular expression: {e.Message}", e);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new RefusedException(
                $"{FileName}: '{pattern}' takes too long to compare with '{module}'; it must take at most 1 s", e);
        }
    }
}
