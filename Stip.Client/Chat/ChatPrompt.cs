using Microsoft.Extensions.AI;
using Stip.Client.Generation;

namespace Stip.Client.Chat;

/// <summary>Messages as the tokens of the model's chat template.</summary>
internal static class ChatPrompt
{
    public static int[] Encode(
        StipModel model, IEnumerable<Microsoft.Extensions.AI.ChatMessage> messages, ChatOptions? options)
    {
        var template = model.Bundle.Template
            ?? throw new NotSupportedException($"model '{model.Id}' has no chat template");
        var tokenizer = model.Bundle.Tokenizer
            ?? throw new NotSupportedException($"the bundle of model '{model.Id}' has no tokenizer");
        var turns = messages.Select(Turn).ToList();
        if (options?.Instructions is { Length: > 0 } instructions)
        {
            turns.Insert(0, new Templates.ChatMessage("system", instructions));
        }

        return tokenizer.Encode(template.Render(turns));
    }

    private static Templates.ChatMessage Turn(Microsoft.Extensions.AI.ChatMessage message) =>
        message.Contents.FirstOrDefault(content => content is not (TextContent or UsageContent)) is { } other
            ? throw new NotSupportedException($"content of type {other.GetType().Name} is not supported: text only")
            : new Templates.ChatMessage(message.Role.Value, message.Text);
}
