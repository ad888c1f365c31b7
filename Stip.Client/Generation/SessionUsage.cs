namespace Stip.Client.Generation;

/// <summary>What a session has cost.</summary>
/// <param name="Rounds">Requests that were answered.</param>
/// <param name="Replays">Times that the server had lost the cache.</param>
/// <param name="BytesSent">Bytes of request bodies.</param>
/// <param name="BytesReceived">Bytes of answer bodies.</param>
/// <param name="RoundTrip">Time spent waiting for answers, the server's share included.</param>
/// <param name="Server">The server's share as it says; zero where it does not say.</param>
public readonly record struct SessionUsage(
    int Rounds, int Replays, long BytesSent, long BytesReceived, TimeSpan RoundTrip, TimeSpan Server);
