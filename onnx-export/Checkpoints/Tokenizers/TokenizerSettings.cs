using System.Globalization;
using System.Text.Json;
using Stip.Export.Checkpoints.Gguf.Tokenizer;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>What tokenizer_config.json and the small files beside it say.</summary>
internal sealed class TokenizerSettings
{
    private const string ConfigFile = "tokenizer_config.json";
    private const string SpecialFile = "special_tokens_map.json";
    private const string Additional = "additional_special_tokens";
    private static readonly JsonDocument Nothing = JsonDocument.Parse("{}");

    private readonly ConfigJson _config;
    private readonly ConfigJson _special;
    private readonly ConfigJson _model;
    private readonly IReadOnlySet<string> _named;
    private readonly Lazy<Dictionary<string, ConfigJson>> _configured;

    private TokenizerSettings(
        ConfigJson config, ConfigJson special, ConfigJson model, ConfigJson added, IReadOnlySet<string> named)
    {
        (_config, _special, _model, _named) = (config, special, model, named);
        _configured = new(() => (config.Section("added_tokens_decoder")?.Sections() ?? [])
            .Select(token => (Text: token.Section.TextIfAny("content"), token.Section))
            .Where(token => token.Text is not null)
            .DistinctBy(token => token.Text)
            .ToDictionary(token => token.Text!, token => token.Section, StringComparer.Ordinal));

        // Some fine-tunes name a token for padding that their model has no row for.
        var rows = model.FindSize("vocab_size", "padded_vocab_size") ?? int.MaxValue;
        Added = added.NumbersByName().Where(entry => entry.Value < rows).ToDictionary(
            entry => entry.Key, entry => (int)Math.Clamp(entry.Value, -1, int.MaxValue), StringComparer.Ordinal);
    }

    /// <summary>E.g. <c>Bert</c>: the name of the class without <c>Tokenizer</c> and <c>Fast</c>; null where no file
    /// says it.</summary>
    public string? Class => (_config.Text("tokenizer_class") ?? _model.Text("tokenizer_class")) is { } name
        ? name.Replace("Fast", "", StringComparison.Ordinal).Replace("Tokenizer", "", StringComparison.Ordinal)
        : null;

    /// <summary>E.g. <c>gpt2</c>, of config.json.</summary>
    public string? ModelType => _model.Text("model_type");

    /// <summary>Ids of added_tokens.json by text.</summary>
    public IReadOnlyDictionary<string, int> Added { get; }

    public static TokenizerSettings Read(ISmallFiles files) => new(
        Open(files, ConfigFile),
        Open(files, SpecialFile),
        Open(files, "config.json"),
        Open(files, "added_tokens.json"),
        SpecialNames.Read(files, ConfigFile, SpecialFile));

    public bool? Flag(string name) => _config.Has(name) ? _config.Flag(name, false) : null;

    /// <summary>A text of tokenizer_config.json, null where it is absent.</summary>
    public string? Text(string name) => _config.TextIfAny(name);

    /// <summary>A whole number of tokenizer_config.json, null where it is absent.</summary>
    public int? Number(string name) => _config.Integer(name);

    /// <summary>Special tokens that a model has beside the usual ones, in the order of their ids where the files say
    /// ids; empty where they say nothing.</summary>
    public IReadOnlyList<string> AdditionalTokens()
    {
        var placed = _config.Section("added_tokens_decoder")?.Sections()
            .OrderBy(token => uint.TryParse(token.Name, CultureInfo.InvariantCulture, out var id) ? id : uint.MaxValue)
            .Select(token => token.Section.TextIfAny("content"));
        return [.. (placed ?? []).Concat(_config.Texts(Additional))
            .Concat(_special.Texts(Additional)).OfType<string>().Distinct()];
    }

    /// <summary>What a token is that was added later: a special one, which answers do not show, only where a file says
    /// so (Qwen's &lt;think&gt; and &lt;tool_call&gt; are none).</summary>
    public GgufTokenType AddedType(string text) => (Configured(text) is { } token ? token.Flag("special", false)
        : _named.Contains(text))
        ? GgufTokenType.Control
        : GgufTokenType.UserDefined;

    /// <summary>What added_tokens_decoder of tokenizer_config.json says of a token, null where it is absent.</summary>
    public ConfigJson? Configured(string text) => _configured.Value.GetValueOrDefault(text);

    /// <summary>The token that added_tokens_decoder of tokenizer_config.json has at an id, null where there is
    /// none.</summary>
    public string? ConfiguredAt(int id) => _config.Section("added_tokens_decoder")?
        .Section(id.ToString(CultureInfo.InvariantCulture))?.TextIfAny("content");

    /// <summary>A special token such as <c>eos_token</c>, as a text or an object with one.</summary>
    public string? Token(string name) => TokenOf(_config, name) ?? TokenOf(_special, name);

    private static string? TokenOf(ConfigJson file, string name) =>
        file.TextIfAny(name) ?? file.Section(name)?.TextIfAny("content");

    private static ConfigJson Open(ISmallFiles files, string name) => files.Find(name) is { } bytes
        ? ConfigJson.Parse(name, bytes)
        : new ConfigJson(name, Nothing.RootElement);
}
