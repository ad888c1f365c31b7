using System.Text.RegularExpressions;
using Stip.Client.Transport;
using Stip.EndToEnd.Kit;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;

namespace Stip.EndToEnd.Tests.Faults;

/// <summary>The typed client under the limits of its key: slower, and the same text.</summary>
public sealed partial class RateLimitTests(SharedServer shared)
{
    private const int TokenCount = 40;
    private static readonly int[] Prompt = [52, 1585, 559, 264, 540];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Generation_ThatMeets429_GoesOnExactly(bool streams)
    {
        var package = await shared.PushedAsync("stories");
        using var admin = shared.Server.Http();
        var key = await admin.CreateKeyAsync(new ApiKeyLimits(RequestsPerSecond: 15, TokensPerSecond: 30, Sessions: 1));
        using var free = await shared.OpenAsync("stories");
        var expected = await free.GreedyAsync(Prompt, TokenCount, Cancellation);

        var before = await RefusedAsync(admin);
        using var limited = OpenModel.Open(
            shared.Server.Endpoint, key.Value!, package, new StipHttpClientOptions { Streams = streams });
        Assert.Equal(expected, await limited.GreedyAsync(Prompt, TokenCount, Cancellation));
        Assert.True(await RefusedAsync(admin) > before, "no request met the limit");
    }

    // Requests that were answered with 429, by the server's own figures.
    private static async Task<int> RefusedAsync(HttpClient admin) =>
        TooMany().Matches(await admin.GetStringAsync(new Uri(StipRoutes.Metrics, UriKind.Relative), Cancellation))
            .Sum(match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));

    [GeneratedRegex("""^http_server_request_duration_seconds_count\{[^}]*status_code="429"[^}]*\} (\d+)""",
        RegexOptions.Multiline)]
    private static partial Regex TooMany();
}
