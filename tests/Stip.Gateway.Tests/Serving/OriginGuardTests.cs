using System.Net;
using System.Text.Json;

namespace Stip.Gateway.Tests.Serving;

public sealed class OriginGuardTests
{
    [Theory]
    [InlineData("Origin", "http://evil.test", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "http://localhost:3000", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-origin", HttpStatusCode.OK)]
    [InlineData("Sec-Fetch-Site", "none", HttpStatusCode.OK)]
    [InlineData("Host", "evil.test", HttpStatusCode.BadRequest)]
    public async Task Request_OfAnotherSite_IsRefused(string header, string value, HttpStatusCode expected)
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.TryAddWithoutValidation(header, value);

        using var answer = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(expected, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        if (expected == HttpStatusCode.Forbidden)
        {
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            var code = JsonDocument.Parse(text).RootElement.GetProperty("error").GetProperty("code").GetString();
            Assert.Equal("cross_origin_request", code);
        }
    }

    [Fact]
    public async Task Request_OfTheOwnPage_IsAnswered()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.Add("Origin", gateway.Http.BaseAddress!.GetLeftPart(UriPartial.Authority));

        using var answer = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
