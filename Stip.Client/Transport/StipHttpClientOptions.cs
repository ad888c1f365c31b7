namespace Stip.Client.Transport;

/// <summary>How a client speaks to its server.</summary>
public sealed record StipHttpClientOptions
{
    /// <summary>How steps are written; safetensors by default.</summary>
    public WireEncoding Encoding { get; init; } = WireEncoding.Safetensors;

    /// <summary>True, the default, sends the steps of a session over a WebSocket where the server offers one; only with
    /// <see cref="WireEncoding.Safetensors"/>.</summary>
    public bool Streams { get; init; } = true;

    /// <summary>Most further attempts of a step that met 429, 503 or a broken connection; default 8, which with
    /// <see cref="RetryDelay"/> outlives a restart of the server.</summary>
    public int MaxRetries { get; init; } = 8;

    /// <summary>Wait before the second attempt; it doubles, up to 5 seconds. Default 200 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest wait for one answer; default 5 minutes, since a long prompt takes its time.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The clock of the figures.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
