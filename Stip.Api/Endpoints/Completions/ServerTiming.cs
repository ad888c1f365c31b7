namespace Stip.Api.Endpoints.Completions;

/// <summary>Tells the client, in the standard header, how much of its wait was not the network.</summary>
internal static class ServerTiming
{
    private const string Header = "Server-Timing";

    /// <param name="response">Before its body.</param>
    /// <param name="total">From the first byte of the request that was read to the answer.</param>
    public static void Write(HttpResponse response, TimeSpan total) =>
        response.Headers[Header] = FormattableString.Invariant($"total;dur={total.TotalMilliseconds:F3}");
}
