using System.Text.Json;
using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary><c>modules.json</c> of a sentence-transformers folder: an encoder, what makes one vector of its rows, and
/// whether that is scaled to length 1; or a reranker.</summary>
/// <param name="EncoderFolder">Folder of the encoder, inside the checkpoint.</param>
/// <param name="Pooling"><c>mean</c>, <c>cls</c>, <c>max</c> or <c>lasttoken</c>.</param>
/// <param name="Normalizes">True where vectors have length 1.</param>
/// <param name="MaxTokens">Texts are cut to so many tokens; null where the model's own length is the limit.</param>
internal sealed record SentenceModules(string EncoderFolder, string Pooling, bool Normalizes, int? MaxTokens)
{
    public const string FileName = "modules.json";

    /// <summary>Layers after the pooling, first to last.</summary>
    public IReadOnlyList<SentenceLayer> Layers { get; private init; } = [];

    /// <summary>True where texts are written small before they become tokens.</summary>
    public bool LowersTexts { get; private init; }

    /// <summary>What stands before every text, null for nothing.</summary>
    public string? Prompt { get; private init; }

    /// <summary>What may stand there in its place, by name; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Prompts { get; private init; }

    /// <summary>False of a reranker, whose one module is a classifier of pairs of texts.</summary>
    public bool Embeds { get; private init; } = true;

    /// <summary>What a reranker makes of its logits, a class of torch; null where nothing is said.</summary>
    public string? Scores { get; private init; }

    private const string ConfigFile = "config.json";
    private const string PromptFile = "config_sentence_transformers.json";
    private const string TokenizerFile = "tokenizer_config.json";

    // Older versions called it after the encoder; the first that is there counts.
    private static readonly string[] TextFiles =
    [
        .. new[] { "bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet" }
            .Select(encoder => $"sentence_{encoder}_config.json"),
    ];

    private static readonly (string Flag, string Pooling)[] Flags =
    [
        ("pooling_mode_mean_tokens", "mean"), ("pooling_mode_cls_token", "cls"), ("pooling_mode_max_tokens", "max"),
        ("pooling_mode_lasttoken", "lasttoken"),
    ];

    private static readonly string[] OtherFlags =
        ["pooling_mode_mean_sqrt_len_tokens", "pooling_mode_weightedmean_tokens"];

    /// <summary>Null where the folder is not one of sentence-transformers.</summary>
    public static SentenceModules? Find(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) ? Read(folder, path) : null;
    }

    private static SentenceModules Read(string folder, string path)
    {
        var modules = ReadList(path);
        var settings = Load(Path.Combine(folder, PromptFile));
        if (modules is [("Transformer", var inner)] && Texts(folder, inner) is var own
            && (settings?.Text("model_type") == "CrossEncoder"
                || own?.Text("transformer_task") == "sequence-classification"))
        {
            return ReadReranker(folder, inner, own, settings);
        }

        if (modules is not [("Transformer", var encoder), ("Pooling", var pooling), .. var rest]
            || rest.SkipWhile(module => module.Type == "Dense").ToList() is not ([] or [("Normalize", _)]))
        {
            throw new RefusedException($"{path} lists {string.Join(", ", modules.Select(module => module.Type))}; "
                + "supported are Transformer, Pooling, then any number of Dense, then Normalize or nothing");
        }

        var texts = Texts(folder, encoder);
        var pools = ConfigJson.Load(Path.Combine(folder, pooling, ConfigFile));
        var prompt = ReadPrompt(settings);
        var includes = pools.Flag("include_prompt", true);
        if (prompt is not null && !includes)
        {
            throw new RefusedException($"{pooling}: include_prompt is false; it must be true where {PromptFile} has a "
                + "default_prompt_name");
        }

        return new SentenceModules(
            encoder,
            ReadPooling(pools),
            rest is [.., ("Normalize", _)],
            MostTokens(folder, encoder, texts))
        {
            LowersTexts = texts?.Flag("do_lower_case", false) == true,
            Prompt = prompt,
            Prompts = includes && settings is not null ? ReadPrompts(folder) : null,
            Layers = [.. rest.Where(module => module.Type == "Dense")
                .Select(module => SentenceLayer.Read(Path.Combine(folder, module.Path)))],
        };
    }

    private static SentenceModules ReadReranker(
        string folder, string encoder, ConfigJson? texts, ConfigJson? settings) =>
        ReadPrompt(settings) is { } prompt
            ? throw new RefusedException(
                $"{PromptFile}: default_prompt_name names '{prompt}'; pairs of texts are exported without a prompt")
            : new SentenceModules(encoder, "", Normalizes: false, MostTokens(folder, encoder, texts))
            {
                LowersTexts = texts?.Flag("do_lower_case", false) == true,
                Embeds = false,
                Scores = settings?.Text("activation_fn"),
            };

    private static ConfigJson? Texts(string folder, string encoder) =>
        TextFiles.Select(name => Load(Path.Combine(folder, encoder, name))).FirstOrDefault(file => file is not null);

    private static int? MostTokens(string folder, string encoder, ConfigJson? texts) =>
        texts?.FindSize("max_seq_length") ?? MostTokens(Load(Path.Combine(folder, encoder, TokenizerFile)));

    private static ConfigJson? Load(string path) => File.Exists(path) ? ConfigJson.Load(path) : null;

    // Tokenizers without a limit write 1e30.
    private static int? MostTokens(ConfigJson? tokenizer) =>
        tokenizer?.FindPositive("model_max_length") is >= 1 and <= int.MaxValue and var most ? (int)most : null;

    // The one that stands before every text unless another is asked for.
    private static string? ReadPrompt(ConfigJson? file) =>
        file?.Text("default_prompt_name") is not { } name ? null
        : file.Section("prompts")?.Text(name) is { } prompt ? prompt.Length > 0 ? prompt : null
        : throw new RefusedException(
            $"{PromptFile}: default_prompt_name is '{name}', which is none of its prompts");

    private static Dictionary<string, string>? ReadPrompts(string folder)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, PromptFile)));
        if (!file.RootElement.TryGetProperty("prompts", out var prompts) || prompts.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var prompt in prompts.EnumerateObject()
            .Where(prompt => prompt.Value.ValueKind == JsonValueKind.String))
        {
            named[prompt.Name] = prompt.Value.GetString()!;
        }

        return named.Count > 0 ? named : null;
    }

    private static string ReadPooling(ConfigJson config)
    {
        if (config.Text("pooling_mode") is { } named)
        {
            return Array.Exists(Flags, flag => flag.Pooling == named)
                ? named
                : throw new RefusedException($"pooling '{named}' is not supported; there are mean, cls, max and "
                    + "lasttoken");
        }

        var set = Flags.Where(flag => config.Flag(flag.Flag, false)).ToList();
        return set.Count == 1 && !OtherFlags.Any(flag => config.Flag(flag, false))
            ? set[0].Pooling
            : throw new RefusedException("the pooling is not one of mean, cls, max and lasttoken alone");
    }

    private static List<(string Type, string Path)> ReadList(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return [.. document.RootElement.EnumerateArray().Select(module => (
                $"{module.GetProperty("type").GetString()?.Split('.')[^1]}",
                Inside(path, module.GetProperty("path").GetString() ?? "")))];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new RefusedException($"{path} is not a list of modules with type and path", e);
        }
    }

    private static string Inside(string path, string folder) => folder.Length == 0
        || (Path.GetFileName(folder) == folder && InnerFolder.Holds(Path.GetDirectoryName(path)!, folder))
        ? folder
        : throw new RefusedException($"{path}: '{folder}' is not a folder inside the checkpoint");
}
