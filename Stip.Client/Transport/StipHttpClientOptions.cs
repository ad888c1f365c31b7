using System.Security.Cryptography.X509Certificates;

namespace Stip.Client.Transport;

/// <summary>How a client speaks to its server.</summary>
public sealed record StipHttpClientOptions
{
    /// <summary>How steps are written; safetensors by default.</summary>
    public WireEncoding Encoding { get; init; } = WireEncoding.Safetensors;

    /// <summary>True, the default, sends the steps of a session over a WebSocket where the server offers one; only with
    /// <see cref="WireEncoding.Safetensors"/>.</summary>
    public bool Streams { get; init; } = true;

    /// <summary>Version of HTTP that is asked for, for steps and for their WebSockets; 1.1 by default. With 2.0 all
    /// steps share one connection.</summary>
    public Version HttpVersion { get; init; } = System.Net.HttpVersion.Version11;

    /// <summary>What happens where the server does not speak <see cref="HttpVersion"/>: a lower version by default.
    /// Clear-text HTTP/2 has no way to ask: it needs <see cref="HttpVersionPolicy.RequestVersionExact"/> and a server
    /// endpoint that speaks nothing else.</summary>
    public HttpVersionPolicy HttpVersionPolicy { get; init; } = HttpVersionPolicy.RequestVersionOrLower;

    /// <summary>Authorities that the server's certificate may come from, instead of those of the machine; null for the
    /// machine's.</summary>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    /// <summary>Most further attempts of a step that met 429, 503 or a broken connection; default 8, which with
    /// <see cref="RetryDelay"/> outlives a restart of the server. What a Stip server tells to wait
    /// (<c>Retry-After</c>, 30 seconds at most) costs no attempt: it is waited up to 10 seconds at once and in all 30
    /// for each attempt that is allowed, 4 minutes by default. What a proxy tells, or more than 30 seconds, costs one,
    /// and is waited up to 10 seconds at once and 30 in all. A session that is still busy is asked again until
    /// <see cref="AttemptTimeout"/> is over. 0 tries nothing again.</summary>
    public int MaxRetries { get; init; } = 8;

    /// <summary>Wait before the second attempt; it doubles, up to 5 seconds. Default 200 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest wait for one answer; default 5 minutes, since a long prompt takes its time.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The clock of the figures.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
