using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Templates;
using Stip.Gateway.OpenAi.Requests;
using Stip.Gateway.OpenAi.Tools;

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
            { ValueKind: JsonValueKind.String } text =>
                (IReadOnlyList<ChatMessage>)[new ChatMessage("user", text.GetString()!)],
            { ValueKind: JsonValueKind.Array } items when items.GetArrayLength() > 0 =>
                ResponseTools.Join(items.EnumerateArray().Select((item, i) => Message(item, i, images))),
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
        return fields.Find("type") switch
        {
            null => ChatMessages.Message(fields, name, images),
            { ValueKind: JsonValueKind.String } type when type.ValueEquals("message") =>
                ChatMessages.Message(fields, name, images),
            { ValueKind: JsonValueKind.String } type when ResponseTools.IsCallOrOutput(type) =>
                ResponseTools.Message(fields, name),
            _ => throw OpenAiException.Unsupported($"{name}.type", "messages, function calls and their outputs only"),
        };
    }
}
