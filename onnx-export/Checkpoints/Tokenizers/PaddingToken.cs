using System.Text.Json;
using Stip.Onnx.Packages;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The token that a tokenizer fills texts up with.</summary>
internal static class PaddingToken
{
    /// <summary>Its id; null where the files name none.</summary>
    public static int? Find(ISmallFiles files)
    {
        if (TokenizerSettings.Read(files).Token("pad_token") is not { } name
            || files.Find(SourceFileNames.Tokenizer) is not { } bytes)
        {
            return null;
        }

        var tokenizer = JsonObjects.Read(SourceFileNames.Tokenizer, bytes);
        return Added(tokenizer, name) ?? Known(tokenizer, name);
    }

    private static int? Added(JsonElement tokenizer, string name) =>
        tokenizer.TryGetProperty("added_tokens", out var added) && added.ValueKind == JsonValueKind.Array
            ? added.EnumerateArray().Where(token => Text(token, "content") == name)
                .Select(token => token.TryGetProperty("id", out var id) ? Number(id) : null).FirstOrDefault()
            : null;

    private static int? Known(JsonElement tokenizer, string name)
    {
        if (!tokenizer.TryGetProperty("model", out var model) || model.ValueKind != JsonValueKind.Object
            || !model.TryGetProperty("vocab", out var vocabulary))
        {
            return null;
        }

        if (vocabulary.ValueKind == JsonValueKind.Object)
        {
            return vocabulary.TryGetProperty(name, out var id) ? Number(id) : null;
        }

        // Pieces with their scores, in the order of their ids.
        var place = vocabulary.ValueKind == JsonValueKind.Array
            ? vocabulary.EnumerateArray().Select((piece, index) => (piece, index)).Where(entry =>
                entry.piece.ValueKind == JsonValueKind.Array && entry.piece.GetArrayLength() > 0
                && entry.piece[0].ValueKind == JsonValueKind.String && entry.piece[0].GetString() == name)
                .Select(entry => (int?)entry.index).FirstOrDefault()
            : null;
        return place;
    }

    private static string? Text(JsonElement token, string field) =>
        token.ValueKind == JsonValueKind.Object && token.TryGetProperty(field, out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Number(JsonElement id) =>
        id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var number) ? number : null;
}
