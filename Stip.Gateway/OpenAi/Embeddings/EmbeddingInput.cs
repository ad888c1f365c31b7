using System.Text.Json;
using Stip.Client.Encoders;
using Stip.Gateway.OpenAi.Requests;

namespace Stip.Gateway.OpenAi.Embeddings;

/// <summary>Reads what <c>/v1/embeddings</c> is asked.</summary>
internal static class EmbeddingInput
{
    private const string Field = "input";
    private const string PromptName = "prompt_name";
    private const string InputType = "input_type";
    private const int MostTexts = 2048; // OpenAI's own limit

    public static IReadOnlyList<string> Read(RequestFields fields)
    {
        var input = fields.Find(Field);
        if (input is { ValueKind: JsonValueKind.Array } items && items.EnumerateArray().Any(IsTokens))
        {
            throw OpenAiException.Unsupported(
                Field,
                "token ids are those of another tokenizer; send text (LangChain: check_embedding_ctx_length=False)");
        }

        var texts = fields.Texts(Field);
        return texts.Count is >= 1 and <= MostTexts
            ? texts
            : throw RequestFields.Wrong(Field, $"a string or an array of 1..{MostTexts} strings");
    }

    /// <summary>What the texts are for.</summary>
    public static TextEmbeddingOptions PromptOf(RequestFields fields) => new()
    {
        PromptName = fields.FindText(PromptName),
        InputType = fields.FindText(InputType),
    };

    /// <summary>The field that an option comes from; null for another one.</summary>
    public static string? FieldOf(string? option) => option switch
    {
        nameof(TextEmbeddingOptions.PromptName) => PromptName,
        nameof(TextEmbeddingOptions.InputType) => InputType,
        _ => null,
    };

    public static bool WantsBase64(RequestFields fields) => fields.Find("encoding_format")?.ToString() switch
    {
        null or "float" => false,
        "base64" => true,
        _ => throw RequestFields.Wrong("encoding_format", "float or base64"),
    };

    /// <summary>Vectors are not shortened: only models that were trained for it stay good at it.</summary>
    public static void RefuseOtherWidth(RequestFields fields, int width)
    {
        if (fields.Integer("dimensions", 1, int.MaxValue) is { } wanted && wanted != width)
        {
            throw OpenAiException.Unsupported("dimensions", $"the model's vectors have {width}");
        }
    }

    private static bool IsTokens(JsonElement item) => item.ValueKind is JsonValueKind.Number or JsonValueKind.Array;
}
