namespace Stip.Gateway.OpenAi.Answers;

/// <summary>Tokens counted, as OpenAI counts them.</summary>
internal sealed record AnswerUsage(int PromptTokens, int CompletionTokens, int TotalTokens)
{
    /// <summary>Several choices share their prompt.</summary>
    public static AnswerUsage Of(int promptTokens, int completionTokens) =>
        new(promptTokens, completionTokens, promptTokens + completionTokens);
}
