using Microsoft.Extensions.AI;
using Stip.Client.Generation;
using Stip.Client.Grammars;
using Stip.Client.Sampling;

namespace Stip.Client.Chat;

/// <summary>Options and figures between Microsoft.Extensions.AI and ours.</summary>
internal static class ChatGeneration
{
    public static GenerationOptions Options(StipModel model, ChatOptions? options)
    {
        if (options?.ModelId is { } other && other != model.Id)
        {
            throw new NotSupportedException($"this client is of model '{model.Id}', not '{other}'");
        }

        if (options?.Tools is { Count: > 0 } && options.ToolMode is not NoneChatToolMode)
        {
            throw new NotSupportedException("tools are not supported here: the gateway's OpenAI interface has them");
        }

        return new GenerationOptions
        {
            MaxNewTokens = options?.MaxOutputTokens,
            StopStrings = [.. options?.StopSequences ?? []],
            Grammar = options?.ResponseFormat is ChatResponseFormatJson json
                ? json.Schema is { } schema ? TokenGrammar.JsonSchema(schema) : TokenGrammar.JsonObject
                : null,
            Sampling = new SamplingOptions
            {
                Temperature = options?.Temperature ?? 1,
                TopP = options?.TopP ?? 1,
                TopK = options?.TopK ?? 0,
                PresencePenalty = options?.PresencePenalty ?? 0,
                FrequencyPenalty = options?.FrequencyPenalty ?? 0,
                Seed = unchecked((ulong?)options?.Seed),
            },
        };
    }

    public static ChatFinishReason? Reason(FinishReason? reason) => reason switch
    {
        null => null,
        FinishReason.Length => ChatFinishReason.Length,
        _ => ChatFinishReason.Stop,
    };

    public static UsageDetails Usage(GenerationUsage usage) => new()
    {
        InputTokenCount = usage.PromptTokens,
        OutputTokenCount = usage.CompletionTokens,
        TotalTokenCount = usage.PromptTokens + usage.CompletionTokens,
    };
}
