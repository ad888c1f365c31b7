namespace Stip.Client.Transport;

/// <summary>What one request cost.</summary>
/// <param name="BytesSent">Bytes of the request's body.</param>
/// <param name="BytesReceived">Bytes of the answer's body.</param>
/// <param name="RoundTrip">From the first byte sent to the last byte received, retries included.</param>
/// <param name="Server">What the server says it took (<c>Server-Timing</c>); null where it does not say.</param>
public readonly record struct ExchangeFigures(long BytesSent, long BytesReceived, TimeSpan RoundTrip, TimeSpan? Server);
