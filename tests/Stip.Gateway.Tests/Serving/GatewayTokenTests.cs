using System.Net;
using Stip.Gateway.Serving;

namespace Stip.Gateway.Tests.Serving;

public sealed class GatewayTokenTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer unused")]
    [InlineData("Bearer ")]
    public async Task Steps_WithoutTheToken_AreRefusedAndNothingIsAsked(string? authorization)
    {
        await using var gateway = await RunningGateway.StartAsync();
        gateway.Http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);

        var (status, body) = await gateway.PostAsync("/v1/chat/completions", Request(includesSteps: true));

        Assert.Equal(401, status);
        Assert.Equal("invalid_api_key", body.GetProperty("error").GetProperty("code").GetString());
        Assert.Empty(gateway.Server.Steps);
    }

    [Fact]
    public async Task Chat_WithAnyKey_IsAnsweredUnlessTheTokenIsRequired()
    {
        await using var open = await RunningGateway.StartAsync();
        await using var guarded = await RunningGateway.StartAsync(requiresToken: true);
        foreach (var gateway in new[] { open, guarded })
        {
            gateway.Http.DefaultRequestHeaders.Authorization = new("Bearer", "unused");
        }

        Assert.Equal(200, (await open.PostAsync("/v1/chat/completions", Request())).Status);
        Assert.Equal(401, (await guarded.PostAsync("/v1/chat/completions", Request())).Status);
        Assert.Empty(guarded.Server.Steps);
        guarded.ShowToken();
        Assert.Equal(200, (await guarded.PostAsync("/v1/chat/completions", Request())).Status);
    }

    [Theory]
    [InlineData("/", HttpStatusCode.OK)]
    [InlineData("/page/main.js", HttpStatusCode.OK)]
    [InlineData("/health/live", HttpStatusCode.OK)]
    [InlineData("/v1/models", HttpStatusCode.Unauthorized)]
    [InlineData("/V1/models", HttpStatusCode.Unauthorized)]
    [InlineData("//v1/models", HttpStatusCode.NotFound)]
    [InlineData("/v1/embeddings", HttpStatusCode.Unauthorized)]
    public async Task Get_TokenRequired_AnswersThePagesFilesOnly(string route, HttpStatusCode wanted)
    {
        await using var gateway = await RunningGateway.StartAsync(requiresToken: true);

        using var answer = await gateway.Http.GetAsync(new Uri(gateway.Http.BaseAddress! + route[1..]), Cancellation);

        Assert.Equal(wanted, answer.StatusCode);
    }

    [Fact]
    public void ToString_OfAToken_DoesNotShowIt()
    {
        var token = GatewayToken.New();

        Assert.DoesNotContain(token.Value, token.ToString(), StringComparison.Ordinal);
        Assert.Equal(43, token.Value.Length);
        Assert.NotEqual(token.Value, GatewayToken.New().Value);
    }

    private static object Request(bool includesSteps = false) => new
    {
        model = "toy",
        stream = includesSteps,
        stream_options = includesSteps ? new { include_steps = true } : null,
        max_tokens = 2,
        messages = new[] { new { role = "user", content = "Which way?" } },
    };
}
