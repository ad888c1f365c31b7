using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Stip.Client.Transport;

/// <summary>Makes the HttpClient under <see cref="StipHttpClient"/>: one address, one key, retries that do no
/// harm.</summary>
internal static class StipConnection
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    // 409 session_busy: the attempt whose answer was lost is still running.
    private static readonly HttpStatusCode[] Passing =
    [
        HttpStatusCode.TooManyRequests, HttpStatusCode.ServiceUnavailable, HttpStatusCode.BadGateway,
        HttpStatusCode.GatewayTimeout, HttpStatusCode.Conflict,
    ];

    // A fork that was refused was not made; behind a gateway that gave up it may have been.
    private static readonly HttpStatusCode[] Refused =
    [
        HttpStatusCode.TooManyRequests, HttpStatusCode.ServiceUnavailable, HttpStatusCode.Conflict,
    ];

    // What the caller can make room for itself is its own business.
    private static readonly HttpStatusCode[] NotRoom =
        [HttpStatusCode.BadGateway, HttpStatusCode.GatewayTimeout, HttpStatusCode.Conflict];

    private static readonly HttpStatusCode[] RefusedNotRoom = [HttpStatusCode.Conflict];

    /// <summary>Set where the caller hears of it at once that there is no room.</summary>
    public static readonly HttpRequestOptionsKey<bool> HearsOfNoRoom = new("stip.room.hears");

    /// <summary>Called where there is no room for one more session, before it is asked for again.</summary>
    public static readonly HttpRequestOptionsKey<Func<ValueTask>> OnNoRoom = new("stip.room.none");

    public static HttpClient Open(Uri endpoint, string apiKey, StipHttpClientOptions options) =>
        Open(endpoint, apiKey, options, Sockets(options));

    /// <summary>Connections as the options want them.</summary>
    public static SocketsHttpHandler Sockets(StipHttpClientOptions options)
    {
        var sockets = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            // A way that is gone without a word is found out by a step that nobody answers, after minutes: what idled
            // is not used again, and HTTP/2 asks whether the other end is there.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
            EnableMultipleHttp2Connections = true,
            // What an application says of its own requests (trace ids, baggage) is not the server's to know.
            ActivityHeadersPropagator = null,
        };
        if (options.TrustedRoots is { } roots)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.AddRange(roots);
            sockets.SslOptions.CertificateChainPolicy = policy;
        }

        return sockets;
    }

    public static HttpClient Open(Uri endpoint, string apiKey, StipHttpClientOptions options, HttpMessageHandler inner)
    {
        // A step names its position, so sending it twice appends it once. Others fail fast where nobody listens.
        var step = Pipeline(options, Passing, retriesBrokenConnections: true);
        var first = Pipeline(options, NotRoom, retriesBrokenConnections: true);
        var other = Pipeline(options, Passing, retriesBrokenConnections: false);
        var fork = Pipeline(options, Refused, retriesBrokenConnections: false);
        var firstFork = Pipeline(options, RefusedNotRoom, retriesBrokenConnections: false);
        var once = Pipeline(options with { MaxRetries = 0 }, [], retriesBrokenConnections: false);
        var handler = new ResilienceHandler(request => request.Method != HttpMethod.Post ? other
            : !ForkAnswers.IsFork(request) ? Is(request, HearsOfNoRoom) ? first : step
            : !Is(request, ForkAnswers.Waits) ? once
            : Is(request, HearsOfNoRoom) ? firstFork : fork)
        {
            InnerHandler = new ForkAnswers(options.Time)
            {
                InnerHandler = new BufferedAnswers { InnerHandler = inner },
            },
        };
        var http = new HttpClient(handler)
        {
            BaseAddress = StipHttpClient.Address(endpoint),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        return http;
    }

    private static ResiliencePipeline<HttpResponseMessage> Pipeline(
        StipHttpClientOptions options, HttpStatusCode[] passing, bool retriesBrokenConnections)
    {
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = options.Time };
        if (options.MaxRetries > 0)
        {
            builder.AddRetry(new HttpRetryStrategyOptions
            {
                // Attempts are counted where waits are.
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = LongestDelay,
                DelayGenerator = attempt => ValueTask.FromResult(RetryPatience.Delay(attempt.Context)),
                ShouldHandle = async attempt => IsPassing(attempt, passing, retriesBrokenConnections)
                    && await RetryPatience.AllowsAsync(attempt.Context, attempt.Outcome.Result, options),
                OnRetry = attempt =>
                    TellAsync(attempt.Context.GetRequestMessage(), attempt.Outcome.Result, options.Time),
            });
        }

        return builder.AddTimeout(options.AttemptTimeout).Build();
    }

    private static bool Is(HttpRequestMessage request, HttpRequestOptionsKey<bool> key) =>
        request.Options.TryGetValue(key, out var value) && value;

    // Answers are buffered: whoever gets this one in the end reads it again.
    private static async ValueTask TellAsync(
        HttpRequestMessage? request, HttpResponseMessage? answer, TimeProvider time)
    {
        if (answer is not null && request?.Options.TryGetValue(OnNoRoom, out var tell) == true && tell is not null
            && (await Refusal.ReadAsync(answer, time, CancellationToken.None)).HasNoRoom)
        {
            await tell();
        }
    }

    private static bool IsPassing(
        RetryPredicateArguments<HttpResponseMessage> attempt,
        HttpStatusCode[] passing,
        bool retriesBrokenConnections) =>
        attempt.Outcome.Exception is HttpRequestException or IOException or TimeoutRejectedException
            ? retriesBrokenConnections
            : attempt.Outcome.Result is { } answer && passing.Contains(answer.StatusCode);
}
