using System.Globalization;
using Stip.Api.Engine;

namespace Stip.Api.Endpoints.Completions;

/// <summary>Tells the client, in the standard header, how much of its wait was not the network.</summary>
internal static class ServerTiming
{
    private const string Header = "Server-Timing";

    /// <param name="response">Before its body.</param>
    /// <param name="times">Inside the engine.</param>
    /// <param name="total">From the first byte of the request that was read to the answer.</param>
    public static void Write(HttpResponse response, StepTimes times, TimeSpan total) =>
        response.Headers[Header] = Of(times, total);

    /// <summary>The same as text.</summary>
    public static string Of(StepTimes times, TimeSpan total) => string.Create(
        CultureInfo.InvariantCulture,
        $"queue;dur={times.Queue.TotalMilliseconds:F3}, run;dur={times.Run.TotalMilliseconds:F3}, " +
        $"copy;dur={times.Copy.TotalMilliseconds:F3}, total;dur={total.TotalMilliseconds:F3}");
}
