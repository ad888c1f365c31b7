using System.Text.Json;
using Stip.Onnx;
using Stip.Onnx.Packages;

namespace Stip.Export.Checkpoints;

/// <summary>The token ids that a tokenizer can give, against the rows that the model has.</summary>
internal static class TokenizerVocabulary
{
    /// <summary>Refuses a tokenizer that gives ids the token table has no row for.</summary>
    public static void RefuseBeyond(ISmallFiles files, int vocabSize)
    {
        if (files.Find(SourceFileNames.Tokenizer) is not { } bytes)
        {
            return;
        }

        var largest = LargestId(bytes);
        if (largest >= vocabSize)
        {
            throw new RefusedException(
                $"{SourceFileNames.Tokenizer} has token id {largest}; "
                + $"the vocabulary of config.json allows 0..{vocabSize - 1}");
        }
    }

    private static int LargestId(byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            var added = root.TryGetProperty("added_tokens", out var tokens) && tokens.ValueKind == JsonValueKind.Array
                ? tokens.EnumerateArray().Select(token => token.GetProperty("id").GetInt32())
                : [];
            return added.Concat(Ids(root.GetProperty("model"))).DefaultIfEmpty(-1).Max();
        }
        catch (Exception e) when (
            e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new RefusedException($"{SourceFileNames.Tokenizer} is not a tokenizer: {e.Message}", e);
        }
    }

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
}
