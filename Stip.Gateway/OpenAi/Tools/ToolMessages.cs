using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Gateway.OpenAi.Requests;
using Stip.Protocol;

namespace Stip.Gateway.OpenAi.Tools;

/// <summary>What messages say of tool calls, as templates read it.</summary>
internal static class ToolMessages
{
    public const string Calls = "tool_calls";

    /// <summary>Arguments are read from a text of their own and stand three levels deeper than there.</summary>
    public static readonly JsonSerializerOptions Nested = new() { MaxDepth = 80 };

    private static readonly string[] Copied = ["tool_call_id", "name"];

    /// <summary>Further fields of a message.</summary>
    public static Dictionary<string, JsonElement> Fields(RequestFields message, string name)
    {
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var field in Copied)
        {
            if (message.FindText(field) is not null)
            {
                fields[field] = message.Find(field)!.Value;
            }
        }

        var calls = message.Find(Calls) ?? default;
        if (calls.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Array))
        {
            throw RequestFields.Wrong($"{name}.{Calls}", "an array of calls");
        }

        if (calls.ValueKind == JsonValueKind.Array && calls.GetArrayLength() > 0)
        {
            fields[Calls] = JsonSerializer.SerializeToElement(
                calls.EnumerateArray().Select((call, index) => Call(call, $"{name}.{Calls}[{index}]")), Nested);
        }

        return fields;
    }

    /// <summary>OpenAI writes arguments as text; templates expect the object.</summary>
    private static JsonObject Call(JsonElement call, string name)
    {
        var copy = JsonNode.Parse(call.GetRawText()) as JsonObject ?? throw NoCall(name);
        try
        {
            var function = copy["function"] as JsonObject ?? throw NoCall(name);
            // A call without arguments, as servers write it.
            if (function["arguments"] is null
                || (function["arguments"]!.GetValueKind() == JsonValueKind.String
                    && function["arguments"]!.GetValue<string>().Trim() is "" or "null"))
            {
                function["arguments"] = new JsonObject();
            }

            // One with half a character stays text: it could not be given to a template.
            if (function["arguments"]?.GetValueKind() == JsonValueKind.String
                && function["arguments"]!.GetValue<string>() is var text
                && JsonText.IsUnicode(Encoding.UTF8.GetBytes(text)))
            {
                function["arguments"] = JsonNode.Parse(text);
            }
        }
        catch (JsonException)
        {
            // Text that is no JSON stays text.
        }
        catch (ArgumentException)
        {
            throw RequestFields.Wrong(name, "a call that names every member once");
        }

        return copy;
    }

    private static OpenAiException NoCall(string name) => RequestFields.Wrong(name, "a call of a function");
}
