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
    private readonly byte[]? _tokenizer;
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
            RefuseBeyond(Ids(root.GetProperty("model")).Where(id => !beyond.ContainsKey(id)).Concat(Framing(root)));
            if (beyond.Count > 0)
            {
                var first = beyond.MinBy(token => token.Key);
                Warning = $"{SourceFileNames.Tokenizer}: {beyond.Count} added tokens have no row in the token table "
                    + $"and are left out, first '{first.Value}' with id {first.Key}; ids are 0..{rows - 1}";
                _tokenizer = Without(bytes);
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

    public byte[]? Find(string name) => _tokenizer is null ? _files.Find(name)
        : name == SourceFileNames.Tokenizer ? _tokenizer
        : name == Settings && _files.Find(name) is { } settings ? WithoutConfigured(settings)
        : _files.Find(name);

    private static IEnumerable<(int Id, string Text)> Added(JsonElement root) =>
        root.TryGetProperty(AddedTokens, out var tokens) && tokens.ValueKind == JsonValueKind.Array
            ? tokens.EnumerateArray().Select(token => (
                token.GetProperty("id").GetInt32(),
                token.TryGetProperty("content", out var content) ? $"{content}" : "")).DistinctBy(token => token.Item1)
            : [];

    private static IEnumerable<int> Ids(JsonElement model)
    {
        if (!model.TryGetProperty("vocab", out var vocab))
        {
            return [];
        }

        return vocab.ValueKind == JsonValueKind.Object
            ? vocab.EnumerateObject().Select(entry => entry.Value.GetInt32())
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
        var file = JsonNode.Parse(tokenizer)!.AsObject();
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

    // Clients add what is configured to what the tokenizer has.
    private byte[] WithoutConfigured(byte[] settings)
    {
        try
        {
            var file = JsonNode.Parse(settings);
            if ((file as JsonObject)?["added_tokens_decoder"] is not JsonObject tokens)
            {
                return settings;
            }

            foreach (var (id, _) in tokens.ToList())
            {
                if (int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    && number >= _rows)
                {
                    tokens.Remove(id);
                }
            }

            return JsonSerializer.SerializeToUtf8Bytes(file);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new RefusedException($"{Settings} is not what transformers writes: {e.Message}", e);
        }
    }
}
