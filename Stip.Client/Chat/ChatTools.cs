using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Stip.Client.Generation;
using Stip.Client.Tools;

namespace Stip.Client.Chat;

/// <summary>Functions and calls between Microsoft.Extensions.AI and the chat template.</summary>
internal static class ChatTools
{
    // Arguments may be as deep as JSON is read, and stand deeper here.
    private static readonly JsonSerializerOptions Nested = new() { MaxDepth = 80 };

    // A model reads letters and quotes, not their escapes.
    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <returns>Null where no function may be called.</returns>
    public static ToolUse? Read(StipModel model, ChatOptions? options)
    {
        if (options?.Tools is not { Count: > 0 } tools || options.ToolMode is NoneChatToolMode)
        {
            return null;
        }

        var choice = options.ToolMode switch
        {
            RequiredChatToolMode { RequiredFunctionName: { } name } => ToolChoice.Of(name),
            RequiredChatToolMode => ToolChoice.Required,
            _ => ToolChoice.Auto,
        };
        return ToolUse.For(
            model.Bundle, JsonSerializer.SerializeToElement(tools.Select(Describe)), choice,
            options.AllowMultipleToolCalls ?? true);
    }

    /// <summary>Messages as the template reads them: results of several calls are messages of their own.</summary>
    public static IEnumerable<Templates.ChatMessage> Turns(ChatMessage message)
    {
        var results = message.Contents.OfType<FunctionResultContent>().ToList();
        if (results.Count > 0)
        {
            var turns = results.Select(result => new Templates.ChatMessage("tool", Text(result.Result))
            {
                Fields = new Dictionary<string, JsonElement>
                {
                    ["tool_call_id"] = JsonSerializer.SerializeToElement(result.CallId),
                },
            });
            // What is said beside results follows them.
            return message.Text.Length == 0
                ? turns
                : turns.Append(new Templates.ChatMessage(message.Role.Value, message.Text));
        }

        var calls = message.Contents.OfType<FunctionCallContent>().ToList();
        return calls.Count == 0
            ? [new Templates.ChatMessage(message.Role.Value, message.Text)]
            : [new Templates.ChatMessage(message.Role.Value, message.Text.Length > 0 ? message.Text : null)
            {
                Fields = new Dictionary<string, JsonElement>
                {
                    ["tool_calls"] = JsonSerializer.SerializeToElement(calls.Select(Describe), Nested),
                },
            }];
    }

    public static FunctionCallContent Content(ToolCall call)
    {
        var arguments = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(call.Arguments);
        return new FunctionCallContent(
            call.Id, call.Name, arguments?.ToDictionary(member => member.Key, member => (object?)member.Value));
    }

    private static JsonObject Describe(AITool tool) => tool is not AIFunctionDeclaration function
        ? throw new NotSupportedException($"tool '{tool.Name}' is no function: functions only")
        : new JsonObject
        {
            ["type"] = "function",
            ["function"] = new JsonObject
            {
                ["name"] = function.Name,
                ["description"] = function.Description,
                ["parameters"] = JsonSerializer.SerializeToNode(function.JsonSchema),
            },
        };

    private static JsonObject Describe(FunctionCallContent call) => new()
    {
        ["id"] = call.CallId,
        ["type"] = "function",
        ["function"] = new JsonObject
        {
            ["name"] = call.Name,
            ["arguments"] = JsonSerializer.SerializeToNode(call.Arguments ?? new Dictionary<string, object?>()),
        },
    };

    private static string Text(object? result) => result switch
    {
        null => "null",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        _ => JsonSerializer.Serialize(result, Readable),
    };
}
