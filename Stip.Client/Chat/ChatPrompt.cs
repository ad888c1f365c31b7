using Microsoft.Extensions.AI;
using Stip.Client.Generation;
using Stip.Client.Tools;

namespace Stip.Client.Chat;

/// <summary>Messages as the tokens of the model's chat template.</summary>
internal static class ChatPrompt
{
    public static int[] Encode(
        StipModel model,
        IEnumerable<Microsoft.Extensions.AI.ChatMessage> messages,
        ChatOptions? options,
        ToolUse? tools)
    {
        var template = model.Bundle.Template
            ?? throw new NotSupportedException($"model '{model.Id}' has no chat template");
        var tokenizer = model.Bundle.Tokenizer
            ?? throw new NotSupportedException($"the bundle of model '{model.Id}' has no tokenizer");
        var turns = messages.SelectMany(Turns).ToList();
        if (options?.Instructions is { Length: > 0 } instructions)
        {
            turns.Insert(0, new Templates.ChatMessage("system", instructions));
        }

        return tokenizer.Encode(template.Render(turns, tools: tools?.List));
    }

    private static IEnumerable<Templates.ChatMessage> Turns(Microsoft.Extensions.AI.ChatMessage message) =>
        message.Contents.FirstOrDefault(content => !IsKnown(content)) is { } other
            ? throw new NotSupportedException(
                $"content of type {other.GetType().Name} is not supported: text, calls and their results only")
            : ChatTools.Turns(message);

    private static bool IsKnown(AIContent content) =>
        content is TextContent or UsageContent or FunctionCallContent or FunctionResultContent;
}
