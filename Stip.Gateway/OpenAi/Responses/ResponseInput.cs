using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Templates;
using Stip.Gateway.OpenAi.Requests;

namespace Stip.Gateway.OpenAi.Responses;

/// <summary>Reads <c>instructions</c> and <c>input</c>: a text, or messages.</summary>
internal static class ResponseInput
{
    private const string Field = "input";

    public static ChatPrompt Read(RequestFields fields, StipModel model)
    {
        var images = new ImageParts(model);
        var messages = fields.Find(Field) switch
        {
            { ValueKind: JsonValueKind.String } text => [new ChatMessage("user", RequestFields.Read(text, Field))],
            { ValueKind: JsonValueKind.Array } items when items.GetArrayLength() > 0 =>
                items.EnumerateArray().Select((item, i) => Message(item, i, images)).ToArray(),
            _ => throw RequestFields.Wrong(Field, "a string or an array of at least one message"),
        };
        return new ChatPrompt(
            fields.Find("instructions") is null
                ? messages
                : [new ChatMessage("system", fields.Text("instructions")), .. messages],
            images.Images);
    }

    private static ChatMessage Message(JsonElement item, int index, ImageParts images)
    {
        var name = $"{Field}[{index}]";
        if (item.ValueKind != JsonValueKind.Object)
        {
            throw RequestFields.Wrong(name, "an object");
        }

        var fields = new RequestFields(item);
        if (fields.Find("type") is { } type && !type.ValueEquals("message"))
        {
            throw OpenAiException.Unsupported($"{name}.type", "items of type message only");
        }

        return ChatMessages.Message(fields, name, images);
    }
}
