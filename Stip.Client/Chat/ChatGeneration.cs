using Microsoft.Extensions.AI;
using Stip.Client.Generation;
using Stip.Client.Grammars;
using Stip.Client.Sampling;
using Stip.Client.Tools;

namespace Stip.Client.Chat;

/// <summary>Options and figures between Microsoft.Extensions.AI and ours.</summary>
internal static class ChatGeneration
{
    public static GenerationOptions Options(StipModel model, ChatOptions? options, ToolUse? tools)
    {
        if (options?.ModelId is { } other && other != model.Id)
        {
            throw new NotSupportedException($"this client is of model '{model.Id}', not '{other}'");
        }

        var format = options?.ResponseFormat is ChatResponseFormatJson json
            ? json.Schema is { } schema ? TokenGrammar.JsonSchema(schema) : TokenGrammar.JsonObject
            : null;
        return new GenerationOptions
        {
            MaxNewTokens = options?.MaxOutputTokens,
            StopStrings = [.. options?.StopSequences ?? []],
            Grammar = tools is null ? format : tools.Constrain(format),
            KeptSpecialTokens = tools is null ? new HashSet<string>() : ToolUse.KeptSpecialTokens,
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

    public static ChatFinishReason? Reason(FinishReason? reason, bool hasCalled) => reason switch
    {
        null => null,
        FinishReason.Length => ChatFinishReason.Length,
        _ when hasCalled => ChatFinishReason.ToolCalls,
        _ => ChatFinishReason.Stop,
    };

    public static UsageDetails Usage(int promptTokens, int completionTokens) => new()
    {
        InputTokenCount = promptTokens,
        OutputTokenCount = completionTokens,
        TotalTokenCount = promptTokens + completionTokens,
    };
}
