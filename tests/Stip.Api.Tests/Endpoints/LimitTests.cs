using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Sessions;

namespace Stip.Api.Tests.Endpoints;

public sealed class LimitTests
{
    [Fact]
    public async Task Requests_BeyondAKeysRate_AreRefusedWithATimeAndCostOthersNothing()
    {
        using var server = new ApiServer();
        var limited = await CallerAsync(server, new ApiKeyLimits(RequestsPerSecond: 2));
        var statuses = new List<int>();
        for (var i = 0; i < 20; i++)
        {
            using var answer = await limited.SendAsync(HttpMethod.Get, StipRoutes.Models);
            statuses.Add((int)answer.StatusCode);
            if (!answer.IsSuccessStatusCode)
            {
                await ApiCaller.RefusedAsync(answer, 429, "rate_limit_exceeded");
                Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 2);
            }
        }

        Assert.Equal([200, 200], statuses[..2]);
        Assert.Contains(429, statuses);
        using var other = await server.Caller().SendAsync(HttpMethod.Get, StipRoutes.Models);
        Assert.True(other.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Tokens_BeyondAKeysRate_AreRefusedAndTheSessionGoesOnWhereItWas()
    {
        using var server = Tiny();
        var caller = await CallerAsync(server, new ApiKeyLimits(TokensPerSecond: 1));
        var step = await caller.StepAsync(Steps.Prefill(1, 9));
        using var refused = await caller.PostAsync(StipRoutes.Completions, Steps.Next(step, 1, 5));
        await ApiCaller.RefusedAsync(refused, 429, "rate_limit_exceeded");
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(10, (await caller.StepAsync(Steps.Next(step, 1))).Position);
    }

    // A bucket that is drawn from is never full.
    [Fact]
    public async Task LongPrompt_OfAKeyThatDecodesToo_IsServed()
    {
        using var server = Tiny();
        var caller = await CallerAsync(server, new ApiKeyLimits(TokensPerSecond: 1));
        await caller.StepAsync(Steps.Prefill(1, 1));
        Assert.Equal(15, (await caller.StepAsync(Steps.Prefill(2, 15))).Position);
        using var refused = await caller.PostAsync(StipRoutes.Completions, Steps.Prefill(3, 15));
        await ApiCaller.RefusedAsync(refused, 429, "rate_limit_exceeded");
    }

    [Fact]
    public async Task Rows_OfForwardPasses_CountAsTokens()
    {
        using var server = new ApiServer();
        TinyEncoder.WriteTo(server.PackageFolder("tiny-encoder"));
        var caller = await CallerAsync(server, new ApiKeyLimits(TokensPerSecond: 1));
        using var whole = await caller.PostAsync(StipRoutes.Forward, TinyEncoder.Request(2, 4));
        Assert.True(whole.IsSuccessStatusCode);
        using var refused = await caller.PostAsync(StipRoutes.Forward, TinyEncoder.Request(1, 3));
        await ApiCaller.RefusedAsync(refused, 429, "rate_limit_exceeded");
        using var rest = await caller.PostAsync(StipRoutes.Forward, TinyEncoder.Request(1, 2));
        Assert.True(rest.IsSuccessStatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sessions_BeyondAKeysQuota_AreRefusedUntilOneIsReleased(bool byRelease)
    {
        using var server = Tiny();
        var caller = await CallerAsync(server, new ApiKeyLimits(Sessions: 2));
        var first = await caller.StepAsync(Steps.Prefill(1, 2));
        await caller.PostAsync<SessionObject>(StipRoutes.Sessions, new SessionCreateRequest("tiny", 8));
        foreach (var (path, body) in new (string, object)[]
        {
            (StipRoutes.Completions, Steps.Prefill(2, 2)),
            (StipRoutes.Sessions, new SessionCreateRequest("tiny", 8)),
            ($"{StipRoutes.Sessions}/{first.SessionId}/fork", new SessionForkRequest()),
        })
        {
            using var refused = await caller.PostAsync(path, body);
            await ApiCaller.RefusedAsync(refused, 429, "rate_limit_exceeded");
            Assert.NotNull(refused.Headers.RetryAfter);
        }

        await server.Caller().StepAsync(Steps.Prefill(3, 2));
        if (byRelease)
        {
            await caller.SendAsync(HttpMethod.Delete, $"{StipRoutes.Sessions}/{first.SessionId}");
        }
        else
        {
            server.Clock.Advance(TimeSpan.FromHours(1));
        }

        await caller.StepAsync(Steps.Prefill(2, 2));
    }

    [Fact]
    public async Task Limits_ThatAreNegative_AreRefused()
    {
        using var server = new ApiServer();
        using var answer = await server.Caller().PostAsync(
            StipRoutes.ApiKeys,
            new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer], Limits: new ApiKeyLimits(Sessions: -1)));
        await ApiCaller.RefusedAsync(answer, 400, "invalid_request");
    }

    private static ApiServer Tiny()
    {
        var server = new ApiServer();
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        return server;
    }

    private static async Task<ApiCaller> CallerAsync(ApiServer server, ApiKeyLimits limits)
    {
        var key = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer], Limits: limits));
        Assert.Equal(limits, key.Limits);
        return server.Caller(key.Value);
    }
}
