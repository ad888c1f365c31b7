using System.Text.Json;
using Stip.Client.Generation;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>Reads <c>prompt</c>: a text, texts, token ids, or several lists of them.</summary>
internal static class RawPrompts
{
    private const string Field = "prompt";
    private const int MostPrompts = 32;

    public static IReadOnlyList<int[]> Read(RequestFields fields, StipModel model)
    {
        Prompts.RefuseWithoutImage(model);
        var language = Languages.Frame(model, fields.FindText("source_language"), fields.FindText("target_language"));
        var prompts = fields.Find(Field) switch
        {
            { ValueKind: JsonValueKind.String } text => [Prompts.Raw(model, text.GetString()!, language)],
            { ValueKind: JsonValueKind.Array } ids when IsTokenIds(ids) => [TokenIds(ids, model, language)],
            { ValueKind: JsonValueKind.Array } many =>
                many.EnumerateArray().Select(item => One(item, model, language)).ToArray(),
            _ => throw Wrong(),
        };
        return prompts.Length is >= 1 and <= MostPrompts
            ? prompts
            : throw OpenAiException.Invalid($"'{Field}' has {prompts.Length} prompts, not 1..{MostPrompts}", Field);
    }

    private static int[] One(JsonElement item, StipModel model, string? language) => item.ValueKind switch
    {
        JsonValueKind.String => Prompts.Raw(model, item.GetString()!, language),
        JsonValueKind.Array when IsTokenIds(item) => TokenIds(item, model, language),
        _ => throw Wrong(),
    };

    private static bool IsTokenIds(JsonElement list) =>
        list.GetArrayLength() > 0 && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number);

    private static int[] TokenIds(JsonElement list, StipModel model, string? language)
    {
        if (language is not null)
        {
            throw OpenAiException.Invalid(
                $"'{Field}' has token ids, which are taken as they are: '{language}' can only frame a text", Field);
        }

        var vocabSize = model.Bundle.TokenCount;
        return [.. list.EnumerateArray().Select(item => item.TryGetInt32(out var id) && id >= 0 && id < vocabSize
            ? id
            : throw OpenAiException.Invalid($"'{Field}' has a token id outside 0..{vocabSize - 1}", Field))];
    }

    private static OpenAiException Wrong() =>
        RequestFields.Wrong(Field, "a string, an array of strings, or token ids");
}
