using System.Globalization;
using System.Text.Json;
using Stip.Keys.Bundles;

namespace Stip.Onnx.Packages;

/// <summary>
/// What files beside a graph of another exporter say of it: Hugging Face's <c>generation_config.json</c> and
/// <c>config.json</c>, and <c>genai_config.json</c> of ONNX Runtime.
/// </summary>
/// <param name="BosTokenId">Token that starts a text, null where none is said.</param>
/// <param name="EosTokenIds">Tokens that end a text.</param>
/// <param name="ContextLength">Most positions, null where nothing is said.</param>
internal sealed record SourceSettings(int? BosTokenId, IReadOnlyList<int> EosTokenIds, int? ContextLength)
{
    /// <summary>Where a decoder beside an encoder begins; null where nothing is said.</summary>
    public int? DecoderStartTokenId { get; private init; }

    /// <summary>What follows its first token; null where the model chooses.</summary>
    public int? ForcedBosTokenId { get; private init; }

    /// <summary>Tokens that never come, single ones of <c>bad_words_ids</c> included unless they end a text.</summary>
    public IReadOnlyList<int> SuppressTokens { get; private init; } = [];

    /// <summary>Tokens that do not come first.</summary>
    public IReadOnlyList<int> BeginSuppressTokens { get; private init; } = [];

    /// <summary>Fewest tokens of the decoder, those that it begins with counted; 0 for any.</summary>
    public int MinLength { get; private init; }

    /// <summary>Most positions of an encoder, where it has others than its decoder (LED, Whisper); null where nothing
    /// is said of it.</summary>
    public int? EncoderLength { get; private init; }

    /// <summary>The same of the decoder.</summary>
    public int? DecoderLength { get; private init; }

    /// <summary>True where tokens are told apart by their distances and nothing says how many positions there are:
    /// T5 and its kin.</summary>
    public bool HasDistancesAlone { get; private init; }

    /// <summary>Names of what a classifier tells apart, by index; none where they are not said of each.</summary>
    public IReadOnlyList<string> Labels { get; private init; } = [];

    /// <summary>How logits become scores of labels, null for the usual.</summary>
    public string? LabelScores { get; private init; }

    // The first says what generation stops at.
    private static readonly string[] Files = ["generation_config.json", "genai_config.json", "config.json"];

    // What transformers takes where BLIP's text part leaves them out.
    private const int BlipStart = 30522;
    private const int BlipEnd = 102;

    private static readonly string[] Sections = ["model", "text_config", "decoder"];

    private static readonly string[] Lengths =
        ["max_position_embeddings", "n_positions", "context_length", "max_seq_len", "max_sequence_length"];

    private static readonly string[] EncoderLengths = ["max_encoder_position_embeddings", "max_source_positions"];

    private static readonly string[] DecoderLengths = ["max_decoder_position_embeddings", "max_target_positions"];

    /// <summary>Reads what is there; nothing where there are no such files.</summary>
    /// <exception cref="RefusedException">A file is no JSON.</exception>
    public static SourceSettings Read(string folder)
    {
        JsonElement[] all = [.. Files.Select(name => Path.Combine(folder, name)).Where(File.Exists).Select(Parse)
            .SelectMany(root => Sections.Select(name => Member(root, name)).OfType<JsonElement>().Prepend(root))];
        // What is forced at the last place is mostly the same, and ends a text where nothing else does.
        int[] ends = Numbers(all, "eos_token_id") is { Length: > 0 } said ? said : Numbers(all, "forced_eos_token_id");
        var caption = BlipText(all);
        ends = caption is { } text ? [First([text], "sep_token_id") ?? BlipEnd] : ends;
        return new SourceSettings(
            First(all, "bos_token_id"),
            [.. ends.Distinct()],
            Length(all, Lengths))
        {
            EncoderLength = Length(all, EncoderLengths),
            DecoderLength = Length(all, DecoderLengths),
            DecoderStartTokenId = caption is { } words
                ? First([words], "bos_token_id") ?? BlipStart
                : First(all, "decoder_start_token_id") ?? First(all, "bos_token_id"),
            ForcedBosTokenId = First(all, "forced_bos_token_id"),
            SuppressTokens = [.. Numbers(all, "suppress_tokens").Concat(BadWords(all).Except(ends)).Distinct()],
            BeginSuppressTokens = Numbers(all, "begin_suppress_tokens"),
            MinLength = Math.Max(0, First(all, "min_length") ?? 0),
            Labels = Names(all),
            LabelScores = IsProblem(all, "regression") ? "none"
                : Names(all).Length == 1 || IsProblem(all, "multi_label_classification") ? "sigmoid" : null,
            HasDistancesAlone = First(all, "relative_attention_num_buckets") is not null
                && First(all, "max_position_embeddings") is null,
        };
    }

    /// <summary>The same; null where a file is no JSON.</summary>
    public static SourceSettings? TryRead(string folder)
    {
        try
        {
            return Read(folder);
        }
        catch (RefusedException)
        {
            return null;
        }
    }

    /// <summary>A manifest with the special tokens that are said here.</summary>
    public ExportManifest ApplyTo(ExportManifest manifest) => manifest with
    {
        BosTokenId = BosTokenId ?? manifest.BosTokenId,
        EosTokenIds = EosTokenIds.Count > 0 ? EosTokenIds : manifest.EosTokenIds,
        Sequence = manifest.SourceLength is { } length ? Sequence(length) ?? manifest.Sequence : null,
    };

    /// <summary>How answers of a decoder beside an encoder begin; null where its first token is not said.</summary>
    /// <param name="sourceLength">Most tokens that the encoder reads.</param>
    public SequenceManifest? Sequence(int sourceLength) => DecoderStartTokenId is not { } start
        ? null
        : new SequenceManifest(sourceLength, start)
        {
            ForcedBosTokenId = ForcedBosTokenId,
            SuppressTokens = SuppressTokens.Count > 0 ? SuppressTokens : null,
            BeginSuppressTokens = BeginSuppressTokens.Count > 0 ? BeginSuppressTokens : null,
            MinLength = MinLength > 0 ? MinLength : null,
        };

    // BLIP's captions begin and end with tokens of its text part, whatever else is said of ends.
    private static JsonElement? BlipText(JsonElement[] all) => all
        .Where(part => Member(part, "model_type") is { ValueKind: JsonValueKind.String } type
            && type.ValueEquals("blip"))
        .Select(part => Member(part, "text_config")).FirstOrDefault(section => section is not null);

    private static string[] Names(JsonElement[] all)
    {
        if (all.Select(part => Member(part, "id2label"))
            .FirstOrDefault(labels => labels is { ValueKind: JsonValueKind.Object }) is not { } stored)
        {
            return [];
        }

        var byIndex = stored.EnumerateObject().DistinctBy(label => label.Name).ToDictionary(
            label => label.Name,
            label => label.Value.ValueKind == JsonValueKind.String ? label.Value.GetString() : null);
        string[] names =
        [
            .. Enumerable.Range(0, byIndex.Count)
                .Select(index => byIndex.GetValueOrDefault(index.ToString(CultureInfo.InvariantCulture)))
                .OfType<string>(),
        ];
        return names.Length == byIndex.Count ? names : [];
    }

    private static bool IsProblem(JsonElement[] all, string type) => all.Any(part =>
        Member(part, "problem_type") is { ValueKind: JsonValueKind.String } kind && kind.ValueEquals(type));

    private static int? Length(JsonElement[] all, string[] names) => names.SelectMany(name => Numbers(all, name))
        .Where(length => length > 0).Cast<int?>().FirstOrDefault();

    private static int? First(JsonElement[] all, string name) =>
        Numbers(all, name).Cast<int?>().FirstOrDefault();

    // Lists of one token each; longer ones are words that only beams look out for.
    private static IEnumerable<int> BadWords(JsonElement[] all) => all
        .Select(part => Member(part, "bad_words_ids"))
        .Where(words => words is { ValueKind: JsonValueKind.Array })
        .Take(1)
        .SelectMany(words => words!.Value.EnumerateArray())
        .Where(word => word.ValueKind == JsonValueKind.Array && word.GetArrayLength() == 1)
        .Select(word => word[0])
        .Where(id => id.ValueKind == JsonValueKind.Number)
        .SelectMany(id => id.TryGetInt32(out var number) ? new[] { number } : []);

    private static int[] Numbers(JsonElement[] all, string name) => all.Select(part => Member(part, name) switch
    {
        { ValueKind: JsonValueKind.Number } one when one.TryGetInt32(out var number) => [number],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray()
            .Where(item => item.ValueKind == JsonValueKind.Number)
            .SelectMany(item => item.TryGetInt32(out var number) ? new[] { number } : [])],
        _ => Array.Empty<int>(),
    }).FirstOrDefault(numbers => numbers.Length > 0, []);

    private static JsonElement? Member(JsonElement part, string name) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty(name, out var value) ? value : null;

    private static JsonElement Parse(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new RefusedException($"'{path}' is not JSON: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
