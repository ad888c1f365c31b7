using Polly;
using Polly.Retry;

namespace Stip.Client.Transport;

/// <summary>How long a client waits because it is told to (<c>Retry-After</c>): a proxy may say an hour, and nobody
/// waits so long for an answer without a word.</summary>
internal static class RetryPatience
{
    /// <summary>Longest wait at once: room may come sooner than was said.</summary>
    public static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait in all; then the refusal is the answer.</summary>
    public static readonly TimeSpan InAll = TimeSpan.FromSeconds(30);

    private static readonly ResiliencePropertyKey<TimeSpan> Waited = new("stip.retry.waited");

    /// <summary>What an answer tells its client to wait; null where it tells nothing.</summary>
    /// <param name="answer">The answer, if any came.</param>
    /// <param name="now">For dates.</param>
    public static TimeSpan? Told(HttpResponseMessage? answer, DateTimeOffset now)
    {
        var told = answer?.Headers.RetryAfter;
        var wait = told?.Delta ?? told?.Date - now;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    /// <summary>False where a further wait that an answer tells would be too long.</summary>
    public static bool Allows(ResilienceContext context, HttpResponseMessage answer) =>
        answer.Headers.RetryAfter is null || context.Properties.GetValue(Waited, TimeSpan.Zero) < InAll;

    /// <summary>The wait before the next attempt; null for the pipeline's own.</summary>
    public static TimeSpan? Delay(RetryDelayGeneratorArguments<HttpResponseMessage> attempt, TimeProvider time)
    {
        if (Told(attempt.Outcome.Result, time.GetUtcNow()) is not { } told)
        {
            return null;
        }

        var properties = attempt.Context.Properties;
        var waited = properties.GetValue(Waited, TimeSpan.Zero);
        var delay = TimeSpan.FromTicks(Math.Min(Math.Min(told.Ticks, AtOnce.Ticks), (InAll - waited).Ticks));
        properties.Set(Waited, waited + delay);
        return delay;
    }
}
