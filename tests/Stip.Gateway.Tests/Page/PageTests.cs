using System.Net;
using System.Text.RegularExpressions;

namespace Stip.Gateway.Tests.Page;

public sealed partial class PageTests
{
    [Fact]
    public async Task Page_EveryFileItNames_ComesFromTheGateway()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var start = await gateway.Http.GetStringAsync("/", TestContext.Current.CancellationToken);
        var names = LocalFile().Matches(start).Select(match => match.Value).ToHashSet();

        Assert.Contains("/page/main.js", names);
        foreach (var name in names)
        {
            using var answer = await gateway.Http.GetAsync(
                new Uri(name, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.DoesNotContain("http://", start, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", start, StringComparison.Ordinal);
        Assert.DoesNotContain("style=", start, StringComparison.Ordinal);
        Assert.DoesNotMatch("<script(?![^>]* src=)", start);
    }

    [Fact]
    public async Task Page_Answer_AllowsNothingFromElsewhere()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var answer = await gateway.Http.GetAsync(
            new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);

        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("same-origin", answer.Headers.GetValues("Cross-Origin-Resource-Policy").Single());
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Theory]
    [InlineData("../appsettings.json")]
    [InlineData("%2e%2e%2fappsettings.json")]
    [InlineData("nothing.js")]
    public async Task Page_OtherFile_IsNotThere(string name)
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var answer = await gateway.Http.GetAsync(
            new Uri($"/page/{name}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [GeneratedRegex("""/page/[^"]+""")]
    private static partial Regex LocalFile();
}
