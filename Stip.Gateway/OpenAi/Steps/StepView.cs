using Stip.Client.Generation;

namespace Stip.Gateway.OpenAi.Steps;

/// <summary>What a user is shown of a request to the server: the sums of the answer so far, some of the rows that were
/// sent, and the likeliest tokens that came back.</summary>
internal sealed record StepView(
    int Choice,
    int Rounds,
    int Tokens,
    int PromptTokens,
    int Replays,
    long BytesUp,
    long BytesDown,
    double ClientMs,
    double WireMs,
    double ServerMs)
{
    public IReadOnlyList<SentRow> Rows { get; init; } = [];

    public IReadOnlyList<LikelyToken> Back { get; init; } = [];

    public static StepView Of(int choice, GenerationUsage sums) => new(
        choice,
        sums.Rounds,
        sums.CompletionTokens,
        sums.PromptTokens,
        sums.Replays,
        sums.BytesSent,
        sums.BytesReceived,
        sums.Client.TotalMilliseconds,
        sums.Wire.TotalMilliseconds,
        sums.Server.TotalMilliseconds);
}
