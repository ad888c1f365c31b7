using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Onnx;
using Stip.Onnx.Packages;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The small files of a checkpoint whose tokenizer gives no id that the token table has no row for: tokens
/// that were added beyond it, for images or for padding, are left out.</summary>
internal sealed class FittedTokenizer : ISmallFiles
{
    private const string Settings = "tokenizer_config.json";
    private const string AddedTokens = "added_tokens";

    private readonly ISmallFiles _files;
    private readonly byte[]? _tokenizer; // null where it stays as it is
    private readonly byte[]? _settings; // null where they stay as they are
    private readonly int _rows;

    /// <param name="files">The files.</param>
    /// <param name="rows">Rows of the token table.</param>
    /// <exception cref="RefusedException">The vocabulary itself has ids beyond, or every text would.</exception>
    public FittedTokenizer(ISmallFiles files, int rows)
    {
        (_files, _rows) = (files, rows);
        if (files.Find(SourceFileNames.Tokenizer) is not { } bytes)
        {
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            var beyond = Added(root).Where(token => token.Id >= rows)
                .ToDictionary(token => token.Id, token => token.Text);
            RefuseBeyond(Ids(root.GetProperty("model"), beyond.ContainsKey).Concat(Framing(root)));
            _tokenizer = beyond.Count > 0 ? Without(bytes) : null;
            (_settings, var configured) = files.Find(Settings) is { } settings
                ? WithoutConfigured(settings)
                : (null, []);
            var where = beyond.Count > 0 ? SourceFileNames.Tokenizer : Settings;
            foreach (var (id, text) in configured)
            {
                beyond.TryAdd(id, text);
            }

            if (beyond.Count > 0)
            {
                var first = beyond.MinBy(token => token.Key);
                Warning = $"{where}: {beyond.Count} added tokens have no row in the token table "
                    + $"and are left out, first '{first.Value}' with id {first.Key}; ids are 0..{rows - 1}";
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            throw new RefusedException($"{SourceFileNames.Tokenizer} is not a tokenizer: {e.Message}", e);
        }
    }

    /// <summary>What was left out; null where nothing was.</summary>
    public string? Warning { get; }

    public byte[]? Find(string name) => name switch
    {
        SourceFileNames.Tokenizer when _tokenizer is not null => _tokenizer,
        Settings when _settings is not null => _settings,
        _ => _files.Find(name),
    };

    private static IEnumerable<(int Id, string Text)> Added(JsonElement root) =>
        root.TryGetProperty(AddedTokens, out var tokens) && tokens.ValueKind == JsonValueKind.Array
            ? tokens.EnumerateArray().Select(token => (
                token.GetProperty("id").GetInt32(),
                token.TryGetProperty("content", out var content) ? $"{content}" : "")).DistinctBy(token => token.Item1)
            : [];

    // A list has its ids by their places, so nothing is left out of it.
    private static IEnumerable<int> Ids(JsonElement model, Func<int, bool> isLeftOut)
    {
        if (!model.TryGetProperty("vocab", out var vocab))
        {
            return [];
        }

        return vocab.ValueKind == JsonValueKind.Object
            ? vocab.EnumerateObject().Select(entry => entry.Value.GetInt32()).Where(id => !isLeftOut(id))
            : [vocab.GetArrayLength() - 1];
    }

    // Ids are the only numbers there that can be large: those of what stands before and after every text.
    private static IEnumerable<int> Framing(JsonElement root) =>
        root.TryGetProperty("post_processor", out var frame) ? Numbers(frame) : [];

    private static IEnumerable<int> Numbers(JsonElement node) => node.ValueKind switch
    {
        JsonValueKind.Object => node.EnumerateObject().SelectMany(field => Numbers(field.Value)),
        JsonValueKind.Array => node.EnumerateArray().SelectMany(Numbers),
        JsonValueKind.Number when node.TryGetInt32(out var number) => [number],
        _ => [],
    };

    private void RefuseBeyond(IEnumerable<int> ids)
    {
        var largest = ids.DefaultIfEmpty(-1).Max();
        if (largest >= _rows)
        {
            throw new RefusedException($"{SourceFileNames.Tokenizer} has token id {largest}; "
                + $"the vocabulary of config.json allows 0..{_rows - 1}");
        }
    }

    private byte[] Without(byte[] tokenizer)
    {
        var file = JsonObjects.Editable(tokenizer)!.AsObject();
        file[AddedTokens]!.AsArray().RemoveAll(token => (int)token!["id"]! >= _rows);
        if (file["model"]!["vocab"] is JsonObject vocabulary)
        {
            foreach (var (piece, _) in vocabulary.Where(entry => (int)entry.Value! >= _rows).ToList())
            {
                vocabulary.Remove(piece);
            }
        }

        if (file["padding"] is JsonObject padding && padding["pad_id"] is { } id && (int)id >= _rows)
        {
            file["padding"] = null;
        }

        return JsonSerializer.SerializeToUtf8Bytes(file);
    }

    // Clients add what is configured to what the tokenizer has. Null where nothing is to be left out.
    private (byte[]? Settings, IReadOnlyList<(int Id, string Text)> LeftOut) WithoutConfigured(byte[] settings)
    {
        var beyond = new List<(int Id, string Text)>();
        try
        {
            var file = JsonObjects.Editable(settings);
            if ((file as JsonObject)?["added_tokens_decoder"] is not JsonObject tokens)
            {
                return (null, beyond);
            }

            foreach (var (id, token) in tokens.ToList())
            {
                if (int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    && number >= _rows)
                {
                    beyond.Add((number, $"{(token as JsonObject)?["content"]}"));
                    tokens.Remove(id);
                }
            }

            return (beyond.Count > 0 ? JsonSerializer.SerializeToUtf8Bytes(file) : null, beyond);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new RefusedException($"{Settings} is not what transformers writes: {e.Message}", e);
        }
    }
}
