using System.Text.Json;
using Stip.Client.Bundles;
using Stip.Client.Tokenization;

namespace Stip.Client.Sound;

/// <summary>What a model's <c>generation_config.json</c> says of languages and tasks, and where it says nothing its
/// tokenizer: newer files have maps of them, older ones the tokens that an answer begins with.</summary>
internal sealed class SpeechSettings
{
    private const string FileName = "generation_config.json";
    private const string Transcribe = "transcribe";
    private const string Translate = "translate";

    // Whisper of English alone has one token fewer.
    private const int FewestOfManyLanguages = 51_865;

    private readonly int?[] _forced;

    private SpeechSettings(JsonElement root, Bundle bundle)
    {
        _forced = Forced(root);
        var tokenizer = bundle.Tokenizer;
        NoTimestampsId = root.Child("no_timestamps_token_id") is { ValueKind: JsonValueKind.Number } id
            ? id.GetInt32()
            : tokenizer?.TokenId("<|notimestamps|>");
        LatestFirst = root.Child("max_initial_timestamp_index") is { ValueKind: JsonValueKind.Number } latest
            ? latest.GetInt32()
            : null;
        if (!root.Flag("is_multilingual", true))
        {
            return;
        }

        Languages = Map(root, "lang_to_id");
        if (Languages.Count == 0 && tokenizer is not null && IsOfManyLanguages(bundle))
        {
            Languages = tokenizer.Languages.ToDictionary(code => code, code => tokenizer.LanguageId(code)!.Value);
        }

        Tasks = Map(root, "task_to_id");
        if (Tasks.Count == 0 && tokenizer is not null)
        {
            Tasks = new[] { Transcribe, Translate }
                .Where(task => tokenizer.TokenId($"<|{task}|>") is not null)
                .ToDictionary(task => task, task => tokenizer.TokenId($"<|{task}|>")!.Value);
        }
    }

    /// <summary>Tokens of languages by their codes; none where the model is told no language.</summary>
    public IReadOnlyDictionary<string, int> Languages { get; } = new Dictionary<string, int>();

    /// <summary>The token that says that no times are written; tokens behind it are times. Null where there are
    /// none.</summary>
    public int? NoTimestampsId { get; }

    /// <summary>How many steps after the beginning of a window its first time may be; null for any.</summary>
    public int? LatestFirst { get; }

    /// <summary>Code of the language that answers begin with where none is asked for; null for none.</summary>
    public string? UsualLanguage => _forced is [{ } first, ..]
        ? Languages.Where(language => language.Value == first).Select(language => language.Key).FirstOrDefault()
        : null;

    private Dictionary<string, int> Tasks { get; } = [];

    /// <exception cref="BundleException">The file cannot be read.</exception>
    public static SpeechSettings Read(Bundle bundle)
    {
        var path = Path.Combine(bundle.Folder, FileName);
        try
        {
            using var file = JsonDocument.Parse(File.Exists(path) ? File.ReadAllBytes(path) : "{}"u8.ToArray());
            return new SpeechSettings(file.RootElement, bundle);
        }
        catch (Exception fault) when (fault is JsonException or InvalidDataException or FormatException or IOException
            or UnauthorizedAccessException)
        {
            throw new BundleException($"{path} cannot be read: {fault.Message.ReplaceLineEndings(" ")}", fault);
        }
    }

    /// <summary>What the decoder begins with.</summary>
    /// <param name="start">Its first token.</param>
    /// <param name="language">A code of <see cref="Languages"/>; null where there are none.</param>
    /// <param name="task">What is written.</param>
    /// <param name="hasTimes">Whether times are written too.</param>
    /// <returns>Null where the model has no such task.</returns>
    public int[]? StartIds(int start, string? language, SpeechTask task, bool hasTimes) =>
        StartIds(start, language, task) is { } ids && hasTimes
            ? [.. ids.Where(id => id != NoTimestampsId)]
            : StartIds(start, language, task);

    private int[]? StartIds(int start, string? language, SpeechTask task)
    {
        if (language is null)
        {
            // A model of one language: what its settings say, or that no times are written.
            int[] said = [.. _forced.TakeWhile(id => id is not null).OfType<int>()];
            return task != SpeechTask.Transcribe ? null
                : said.Length > 0 ? [start, .. said]
                : NoTimestampsId is { } none ? [start, none] : [start];
        }

        var known = Tasks.TryGetValue(task == SpeechTask.Transcribe ? Transcribe : Translate, out var id);
        return !known && task == SpeechTask.Translate ? null :
        [
            start, Languages[language],
            .. known ? new[] { id } : Array.Empty<int>(),
            .. NoTimestampsId is { } silent ? new[] { silent } : Array.Empty<int>(),
        ];
    }

    // Its tokenizer names languages, whether the model knows them or not.
    private bool IsOfManyLanguages(Bundle bundle) => _forced is [{ } first, ..]
        ? bundle.Tokenizer?.IsLanguage(first) == true
        : _forced.Length > 0 || bundle.Manifest.VocabSize >= FewestOfManyLanguages;

    // By place, from the one behind the start; null where the model chooses.
    private static int?[] Forced(JsonElement root)
    {
        var byPlace = root.Items("forced_decoder_ids")
            .Where(pair => pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2
                && pair[0].ValueKind == JsonValueKind.Number)
            .ToDictionary(
                pair => pair[0].GetInt32(),
                pair => pair[1].ValueKind == JsonValueKind.Number ? pair[1].GetInt32() : (int?)null);
        return [.. Enumerable.Range(1, byPlace.Count).TakeWhile(byPlace.ContainsKey).Select(place => byPlace[place])];
    }

    private static Dictionary<string, int> Map(JsonElement root, string name) =>
        root.Child(name) is { ValueKind: JsonValueKind.Object } map
            ? map.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.Number)
                .GroupBy(entry => entry.Name.Replace("<|", "").Replace("|>", ""))
                .ToDictionary(same => same.Key, same => same.Last().Value.GetInt32(), StringComparer.Ordinal)
            : [];
}
