using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Client.Templates;
using Stip.Gateway.OpenAi.Requests;

namespace Stip.Gateway.OpenAi.Tools;

/// <summary>Functions, calls and their results as <c>/v1/responses</c> writes them, brought into chat's form, which
/// templates read.</summary>
internal static class ResponseTools
{
    private const string Function = "function";
    private const string CallType = "function_call";
    private const string OutputType = "function_call_output";

    private static readonly string[] Members = ["name", "description", "parameters", "strict"];

    /// <summary>A list of functions; what is none stays as it is.</summary>
    public static JsonElement AsInChat(JsonElement tools) => JsonSerializer.SerializeToElement(
        tools.EnumerateArray().Select(AsInChatOne));

    /// <summary>Whether an item of the input is a call or its result.</summary>
    public static bool IsCallOrOutput(JsonElement type) => type.ValueEquals(CallType) || type.ValueEquals(OutputType);

    /// <summary>The message of a call or of its result.</summary>
    public static ChatMessage Message(RequestFields item, string name)
    {
        var id = item.Text("call_id");
        if (item.Find("type")!.Value.ValueEquals(CallType))
        {
            var call = new JsonObject
            {
                ["id"] = id,
                ["type"] = Function,
                [Function] = new JsonObject
                {
                    ["name"] = item.Text("name"),
                    ["arguments"] = item.Text("arguments"),
                },
            };
            var calls = new JsonObject { [ToolMessages.Calls] = new JsonArray(call) };
            return new ChatMessage("assistant", null)
            {
                Fields = ToolMessages.Fields(new RequestFields(JsonSerializer.SerializeToElement(calls)), name),
            };
        }

        return new ChatMessage("tool", Output(item, name))
        {
            Fields = new Dictionary<string, JsonElement>
            {
                ["tool_call_id"] = JsonSerializer.SerializeToElement(id),
            },
        };
    }

    /// <summary>Calls that come one after the other are those of one turn.</summary>
    public static IReadOnlyList<ChatMessage> Join(IEnumerable<ChatMessage> messages)
    {
        var joined = new List<ChatMessage>();
        foreach (var message in messages)
        {
            if (message.Role == "assistant" && message.Content is null
                && message.Fields.TryGetValue(ToolMessages.Calls, out var calls)
                && joined is [.., { Role: "assistant" } before]
                && message.Fields.Count == 1)
            {
                JsonElement[] all = before.Fields.TryGetValue(ToolMessages.Calls, out var earlier)
                    ? [.. earlier.EnumerateArray(), .. calls.EnumerateArray()]
                    : [.. calls.EnumerateArray()];
                joined[^1] = before with
                {
                    Fields = new Dictionary<string, JsonElement>(before.Fields)
                    {
                        [ToolMessages.Calls] = JsonSerializer.SerializeToElement(all, ToolMessages.Nested),
                    },
                };
            }
            else
            {
                joined.Add(message);
            }
        }

        return joined;
    }

    private static JsonNode? AsInChatOne(JsonElement tool)
    {
        if (tool.ValueKind != JsonValueKind.Object || !tool.TryGetProperty("type", out var type)
            || type.ValueKind != JsonValueKind.String || !type.ValueEquals(Function))
        {
            return JsonSerializer.SerializeToNode(tool);
        }

        var function = new JsonObject();
        foreach (var member in Members)
        {
            if (tool.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                function[member] = JsonSerializer.SerializeToNode(value);
            }
        }

        return new JsonObject { ["type"] = Function, [Function] = function };
    }

    // A text, or parts of text.
    private static string Output(RequestFields item, string name) => item.Find("output") is not
    { ValueKind: JsonValueKind.Array } parts
        ? item.Text("output")
        : string.Concat(parts.EnumerateArray().Select(part =>
            part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out _)
                ? new RequestFields(part).Text("text")
                : throw OpenAiException.Unsupported($"{name}.output", "text only")));
}
