using Polly;
using Stip.Protocol.Errors;

namespace Stip.Client.Transport;

/// <summary>How often and how long a request is tried again. What a Stip server tells to wait (<c>Retry-After</c>)
/// costs time and no attempt, since room comes when another's answer ends; a proxy may say an hour, and nobody waits so
/// long for an answer without a word.</summary>
internal static class RetryPatience
{
    /// <summary>Longest wait at once: room may come sooner than was said.</summary>
    public static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(10);

    /// <summary>Longest that a Stip server tells; for each attempt that is allowed, so long is waited in all.</summary>
    public static readonly TimeSpan LongestOfServer = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait in all where something else tells it; then the refusal is the answer.</summary>
    public static readonly TimeSpan InAllOfOthers = TimeSpan.FromSeconds(30);

    private static readonly ResiliencePropertyKey<int> Attempts = new("stip.retry.attempts");
    private static readonly ResiliencePropertyKey<TimeSpan> WaitedForServer = new("stip.retry.waited.server");
    private static readonly ResiliencePropertyKey<TimeSpan> WaitedForOthers = new("stip.retry.waited.others");
    private static readonly ResiliencePropertyKey<TimeSpan?> Next = new("stip.retry.next");
    private static readonly ResiliencePropertyKey<long> BusySince = new("stip.retry.busy");

    /// <summary>What an answer tells its client to wait; null where it tells nothing.</summary>
    /// <param name="answer">The answer, if any came.</param>
    /// <param name="now">For dates.</param>
    public static TimeSpan? Told(HttpResponseMessage? answer, DateTimeOffset now)
    {
        var told = answer?.Headers.RetryAfter;
        var wait = told?.Delta ?? told?.Date - now;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    /// <summary>True where a request that came to nothing is tried once more; false where that was done often or for
    /// long enough. Called once after each attempt.</summary>
    /// <param name="context">Of the request.</param>
    /// <param name="answer">What was answered, read into memory; null where nothing was.</param>
    /// <param name="options">How the server is spoken to.</param>
    public static async ValueTask<bool> AllowsAsync(
        ResilienceContext context, HttpResponseMessage? answer, StipHttpClientOptions options)
    {
        context.Properties.Set(Next, null);
        var refusal = answer is null ? null : await Refusal.ReadAsync(answer, options.Time, CancellationToken.None);
        if (refusal?.Code == StipErrorCode.SessionBusy)
        {
            return AllowsBusy(context, refusal.RetryAfter, options);
        }

        return refusal?.RetryAfter is { } told
            ? AllowsWait(context, told, refusal.Code is not null, options)
            : AllowsAttempt(context, options);
    }

    /// <summary>The wait before the next attempt, once it is allowed; null for the pipeline's own.</summary>
    public static TimeSpan? Delay(ResilienceContext context) => context.Properties.GetValue(Next, null);

    private static bool AllowsAttempt(ResilienceContext context, StipHttpClientOptions options)
    {
        var attempts = context.Properties.GetValue(Attempts, 0);
        context.Properties.Set(Attempts, attempts + 1);
        return attempts < options.MaxRetries;
    }

    private static bool AllowsWait(
        ResilienceContext context, TimeSpan told, bool isServer, StipHttpClientOptions options)
    {
        // A wait of nothing at all is no server's, and takes no time.
        var isOurs = isServer && told > TimeSpan.Zero && told <= LongestOfServer;
        var most = isOurs ? LongestOfServer * options.MaxRetries : InAllOfOthers;
        var key = isOurs ? WaitedForServer : WaitedForOthers;
        var waited = context.Properties.GetValue(key, TimeSpan.Zero);
        if (waited >= most || (!isOurs && !AllowsAttempt(context, options)))
        {
            return false;
        }

        var delay = TimeSpan.FromTicks(Math.Min(Math.Min(told.Ticks, AtOnce.Ticks), (most - waited).Ticks));
        context.Properties.Set(Next, delay);
        context.Properties.Set(key, waited + delay);
        return true;
    }

    // The attempt whose answer was lost is still running, for as long at most as an attempt may take.
    private static bool AllowsBusy(ResilienceContext context, TimeSpan? told, StipHttpClientOptions options)
    {
        // Told to wait for nothing, it would ask without a pause.
        context.Properties.Set(Next, told > AtOnce ? AtOnce : told > TimeSpan.Zero ? told : null);
        if (!context.Properties.TryGetValue(BusySince, out var since))
        {
            context.Properties.Set(BusySince, options.Time.GetTimestamp());
            return true;
        }

        return options.Time.GetElapsedTime(since) < options.AttemptTimeout;
    }
}
