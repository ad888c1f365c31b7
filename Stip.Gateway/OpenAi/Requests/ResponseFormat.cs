using System.Text.Json;
using Stip.Client.Grammars;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>What the text must be: <c>response_format</c> of chat, <c>text.format</c> of responses.</summary>
internal static class ResponseFormat
{
    private const string ChatField = "response_format";
    private const string ResponseField = "text.format";

    public static TokenGrammar? OfChat(RequestFields fields) => fields.Find(ChatField) is { } format
        ? Read(format, ChatField, schemaHolder: "json_schema")
        : null;

    public static TokenGrammar? OfResponse(RequestFields fields) =>
        fields.Find("text") is not { } text ? null
            : text.ValueKind != JsonValueKind.Object ? throw RequestFields.Wrong("text", "an object")
            : new RequestFields(text).Find("format") is { } format ? Read(format, ResponseField, schemaHolder: null)
            : null;

    private static TokenGrammar? Read(JsonElement format, string field, string? schemaHolder)
    {
        var type = format.ValueKind == JsonValueKind.Object
            ? new RequestFields(format).Text("type")
            : throw RequestFields.Wrong(field, "an object with a type");
        return type switch
        {
            "text" => null,
            "json_object" => TokenGrammar.JsonObject,
            "json_schema" => Schema(format, field, schemaHolder),
            _ => throw OpenAiException.Unsupported(field, "types text, json_object and json_schema only"),
        };
    }

    private static TokenGrammar Schema(JsonElement format, string field, string? holder)
    {
        if ((holder is not null && !format.TryGetProperty(holder, out format))
            || format.ValueKind != JsonValueKind.Object
            || !format.TryGetProperty("schema", out var schema))
        {
            throw OpenAiException.Invalid($"'{field}' has no schema", field);
        }

        try
        {
            return TokenGrammar.JsonSchema(schema);
        }
        catch (NotSupportedException refusal)
        {
            throw OpenAiException.Unsupported(field, refusal.Message);
        }
    }
}
