using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;

namespace Stip.Api.Tests.Endpoints;

public sealed class SessionTests
{
    [Fact]
    public async Task Session_LeftIdle_IsLostAfterItsLease()
    {
        using var server = Tiny(("Stip:Api:Engine:LeaseSeconds", "60"));
        var caller = server.Caller();
        var step = await caller.StepAsync(Steps.Prefill(1, 2));
        server.Clock.Advance(TimeSpan.FromSeconds(59));
        step = await caller.StepAsync(Steps.Next(step, 1));
        server.Clock.Advance(TimeSpan.FromSeconds(59));
        step = await caller.StepAsync(Steps.Next(step, 1));
        server.Clock.Advance(TimeSpan.FromSeconds(60));
        using var lost = await caller.PostAsync(StipRoutes.Completions, Steps.Next(step, 1));
        await ApiCaller.RefusedAsync(lost, 410, "session_lost");
    }

    [Fact]
    public async Task Session_OfAnotherKey_IsAsLostAsOneThatNeverWas()
    {
        using var server = Tiny();
        var mallory = server.Caller((await MakeKeyAsync(server)).Value);
        var step = await server.Caller().StepAsync(Steps.Prefill(1, 2));
        using var foreign = await mallory.PostAsync(StipRoutes.Completions, Steps.Next(step, 1));
        var one = await ApiCaller.RefusedAsync(foreign, 410, "session_lost");
        using var missing = await mallory.PostAsync(
            StipRoutes.Completions, Steps.Next(step, 1) with { SessionId = "sess_nope" });
        Assert.Equal(one.Detail, (await ApiCaller.RefusedAsync(missing, 410, "session_lost")).Detail);
        using var deleted = await mallory.SendAsync(HttpMethod.Delete, $"{StipRoutes.Sessions}/{step.SessionId}");
        await ApiCaller.RefusedAsync(deleted, 410, "session_lost");
        Assert.Empty((await mallory.GetAsync<ListObject<SessionObject>>(StipRoutes.Sessions)).Data);
        Assert.Equal(3, (await server.Caller().StepAsync(Steps.Next(step, 1))).Position);
    }

    [Fact]
    public async Task Reserved_ThenFilled_EqualsASessionThatAStepOpened()
    {
        using var server = Tiny();
        var caller = server.Caller();
        var session = await caller.PostAsync<SessionObject>(StipRoutes.Sessions, new SessionCreateRequest("tiny", 10));
        Assert.Equal((0, 10), (session.Position, session.MaxLength));
        var opened = await caller.StepAsync(Steps.Prefill(1, 3));
        var reserved = await caller.StepAsync(Steps.Prefill(1, 3) with { SessionId = session.Id, Position = 0 });
        Assert.Equal(opened.Row(), reserved.Row());
        var shown = await caller.GetAsync<SessionObject>($"{StipRoutes.Sessions}/{session.Id}");
        Assert.Equal((3, "tiny"), (shown.Position, shown.Model));
        Assert.Equal(server.Clock.GetUtcNow().ToUnixTimeSeconds() + 600, shown.ExpiresAt);
    }

    [Fact]
    public async Task Fork_SharesItsBeginningAndNothingElse()
    {
        using var server = Tiny();
        var caller = server.Caller();
        var step = await caller.StepAsync(Steps.Prefill(1, 6));
        var fork = await caller.PostAsync<SessionObject>(
            $"{StipRoutes.Sessions}/{step.SessionId}/fork", new SessionForkRequest(4));
        Assert.Equal((4, "tiny"), (fork.Position, fork.Model));
        var other = await caller.StepAsync(
            Steps.Prefill(1, 6) with { PromptEmbeds = Steps.Rows(1, 4, 2), SessionId = fork.Id, Position = 4 });
        Assert.Equal(0, Steps.Difference(step.Row(), other.Row()), 1e-5);
        var next = await caller.StepAsync(Steps.Next(step, 1));
        Assert.Equal(7, next.Position);
        using var ahead = await caller.PostAsync(
            $"{StipRoutes.Sessions}/{step.SessionId}/fork", new SessionForkRequest(8));
        await ApiCaller.RefusedAsync(ahead, 400, "position_ahead");
        using var lost = await caller.PostAsync($"{StipRoutes.Sessions}/sess_none/fork", new SessionForkRequest());
        await ApiCaller.RefusedAsync(lost, 410, "session_lost");
    }

    [Fact]
    public async Task Deleted_Session_IsLost()
    {
        using var server = Tiny();
        var caller = server.Caller();
        var step = await caller.StepAsync(Steps.Prefill(1, 2));
        using var deleted = await caller.SendAsync(HttpMethod.Delete, $"{StipRoutes.Sessions}/{step.SessionId}");
        Assert.True((await ApiCaller.ReadAsync<DeletedObject>(deleted)).Deleted);
        using var lost = await caller.PostAsync(StipRoutes.Completions, Steps.Next(step, 1));
        await ApiCaller.RefusedAsync(lost, 410, "session_lost");
    }

    [Fact]
    public async Task Slots_AllTaken_RefuseWithRetryAfterUntilOneIsFree()
    {
        using var server = Tiny(("Stip:Api:Engine:Slots", "2"));
        var caller = server.Caller();
        var first = await caller.StepAsync(Steps.Prefill(1, 2));
        await caller.StepAsync(Steps.Prefill(2, 2));
        using var full = await caller.PostAsync(StipRoutes.Completions, Steps.Prefill(3, 2));
        await ApiCaller.RefusedAsync(full, 503, "server_overloaded");
        Assert.InRange(full.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 30);
        await caller.SendAsync(HttpMethod.Delete, $"{StipRoutes.Sessions}/{first.SessionId}");
        Assert.Equal(2, (await caller.StepAsync(Steps.Prefill(3, 2))).Position);
    }

    [Fact]
    public async Task CacheMemory_AllTaken_IsRefusedAndExpiredSessionsMakeRoom()
    {
        // A whole context of the tiny decoder takes 24 KiB; the budget is counted in MiB.
        using var server = Tiny(("Stip:Api:Engine:CacheMegabytes", "1"));
        var caller = server.Caller();
        var held = 0;
        while (true)
        {
            using var response = await caller.PostAsync(StipRoutes.Completions, Steps.Prefill(held, 1));
            if (!response.IsSuccessStatusCode)
            {
                await ApiCaller.RefusedAsync(response, 503, "server_overloaded");
                break;
            }

            held++;
        }

        Assert.InRange(held, 20, 80);
        server.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, (await caller.StepAsync(Steps.Prefill(1, 1))).Position);
    }

    [Fact]
    public async Task Cache_ReusedByAnotherSession_LeavesNoTrace()
    {
        using var server = Tiny(("Stip:Api:Engine:Slots", "1"));
        var caller = server.Caller();
        var fresh = await caller.StepAsync(Steps.Prefill(1, 3) with { Keep = false });
        await caller.StepAsync(Steps.Prefill(2, TinyDecoder.ContextLength) with { Keep = false });
        var reused = await caller.StepAsync(Steps.Prefill(1, 3) with { Keep = false });
        Assert.Equal(fresh.Row(), reused.Row());
    }

    private static ApiServer Tiny(params (string, string)[] settings)
    {
        var server = new ApiServer(settings);
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        return server;
    }

    private static Task<ApiKeyObject> MakeKeyAsync(ApiServer server) => server.Caller().PostAsync<ApiKeyObject>(
        StipRoutes.ApiKeys, new ApiKeyCreateRequest("mallory", [ApiKeyScopes.Infer]));
}
