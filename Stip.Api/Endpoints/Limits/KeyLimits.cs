using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Limits;

/// <summary>Rates of each key: token buckets that keys do not share.</summary>
internal sealed class KeyLimits : IDisposable
{
    private const int TokenBurstSeconds = 10;

    // A bucket that others of the key draw from is never full, and where they take less than comes in, nearly.
    private const int MostSecondsOfAStep = TokenBurstSeconds - 1;
    private static readonly TimeSpan ShortWait = TimeSpan.FromSeconds(1);
    private readonly LimitOptions _options;
    private readonly PartitionedRateLimiter<ApiKeyRecord> _requests;
    private readonly PartitionedRateLimiter<ApiKeyRecord> _tokens;
    private readonly PartitionedRateLimiter<ApiKeyRecord> _running;

    public KeyLimits(IOptions<LimitOptions> options)
    {
        _options = options.Value;
        _requests = PartitionedRateLimiter.Create<ApiKeyRecord, Rate>(key => Bucket(key.Id, RequestsOf(key), 1));
        _tokens = PartitionedRateLimiter.Create<ApiKeyRecord, Rate>(
            key => Bucket(key.Id, TokensOf(key), TokenBurstSeconds));
        _running = PartitionedRateLimiter.Create<ApiKeyRecord, string>(key => _options.Concurrent == 0
            ? RateLimitPartition.GetNoLimiter(key.Id)
            : RateLimitPartition.GetConcurrencyLimiter(
                key.Id, _ => new ConcurrencyLimiterOptions { PermitLimit = _options.Concurrent, QueueLimit = 0 }));
    }

    /// <summary>Counts a request or a step; null where it may go on.</summary>
    public Refusal? TakeRequest(ApiKeyRecord key)
    {
        using var lease = _requests.AttemptAcquire(key);
        return lease.IsAcquired ? null : Exceeded(lease, $"{RequestsOf(key)} requests a second");
    }

    /// <summary>Counts the rows of a step. One of more rows than may come at once waits for a bucket that is
    /// nearly full.</summary>
    public Refusal? TakeTokens(ApiKeyRecord key, int rows)
    {
        var most = TokensOf(key);
        if (most == 0)
        {
            return null;
        }

        using var lease = _tokens.AttemptAcquire(key, (int)Math.Min(rows, (long)most * MostSecondsOfAStep));
        return lease.IsAcquired ? null : Exceeded(lease, $"{most} tokens a second");
    }

    /// <summary>Enters a request or a connection, until the lease is disposed of.</summary>
    public Outcome<RateLimitLease> Enter(ApiKeyRecord key)
    {
        var lease = _running.AttemptAcquire(key);
        if (lease.IsAcquired)
        {
            return lease;
        }

        lease.Dispose();
        return Refused($"{_options.Concurrent} requests and connections at once", ShortWait);
    }

    public void Dispose()
    {
        _requests.Dispose();
        _tokens.Dispose();
        _running.Dispose();
    }

    private int RequestsOf(ApiKeyRecord key) => key.Limits?.RequestsPerSecond ?? _options.RequestsPerSecond;

    private int TokensOf(ApiKeyRecord key) => key.Limits?.TokensPerSecond ?? _options.TokensPerSecond;

    // Every step comes here, so whoever has a bucket already is found without making anything.
    private static RateLimitPartition<Rate> Bucket(string id, int perSecond, int burstSeconds)
    {
        var rate = new Rate(id, perSecond, burstSeconds);
        return perSecond == 0 ? RateLimitPartition.GetNoLimiter(rate) : RateLimitPartition.Get<Rate>(rate, MakeBucket);
    }

    /// <summary>What comes into a bucket, and how often: about ten times a second, whole tokens, and exactly the rate.
    /// </summary>
    internal static (int Tokens, TimeSpan Period) Refill(int perSecond)
    {
        var tokens = perSecond >= 10 ? perSecond / 10 : perSecond;
        return (tokens, TimeSpan.FromTicks(tokens * TimeSpan.TicksPerSecond / perSecond));
    }

    private static TokenBucketRateLimiter MakeBucket(Rate rate)
    {
        var (tokens, period) = Refill(rate.PerSecond);
        return new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = (int)Math.Min(int.MaxValue, (long)rate.PerSecond * rate.BurstSeconds),
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = period,
            QueueLimit = 0,
            // The partitioned limiter fills all of them.
            AutoReplenishment = false,
        });
    }

    private static Refusal Exceeded(RateLimitLease lease, string limit) =>
        Refused(limit, lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : ShortWait);

    private static Refusal Refused(string limit, TimeSpan wait) =>
        new(StipErrorCode.RateLimitExceeded, $"this API key has used its {limit}; try again later", RetryAfter: wait);

    private readonly record struct Rate(string Id, int PerSecond, int BurstSeconds);
}
