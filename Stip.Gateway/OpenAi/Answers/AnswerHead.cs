namespace Stip.Gateway.OpenAi.Answers;

/// <summary>What every chunk of an answer repeats.</summary>
internal sealed record AnswerHead(string Id, long Created, string Model)
{
    public static AnswerHead New(string prefix, string model, TimeProvider time) =>
        new($"{prefix}-{Guid.NewGuid():N}", time.GetUtcNow().ToUnixTimeSeconds(), model);
}
