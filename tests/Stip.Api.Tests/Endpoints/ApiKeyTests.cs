using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Audit;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;
using Stip.TestKit;

namespace Stip.Api.Tests.Endpoints;

public sealed class ApiKeyTests
{
    private static readonly string[] Infer = [ApiKeyScopes.Infer];

    [Fact]
    public async Task Rotation_WithAnOverlap_LeavesTheOldValueGoodUntilThen()
    {
        using var server = new ApiServer();
        var admin = server.Caller();
        var key = await admin.PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", Infer));
        var rotated = await RotateAsync(admin, key.Id, 60);
        Assert.Equal(key.Id, rotated.Id);
        Assert.NotEqual(key.Value, rotated.Value);
        Assert.Equal(server.Clock.GetUtcNow().ToUnixTimeSeconds() + 60, rotated.PreviousValueExpiresAt);
        Assert.True(await IsGoodAsync(server, key.Value!));
        Assert.True(await IsGoodAsync(server, rotated.Value!));
        server.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.False(await IsGoodAsync(server, key.Value!));
        Assert.True(await IsGoodAsync(server, rotated.Value!));
    }

    [Fact]
    public async Task Rotation_WithoutAnOverlap_EndsEveryEarlierValueAtOnce()
    {
        using var server = new ApiServer();
        var admin = server.Caller();
        var first = await admin.PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", Infer));
        var second = await RotateAsync(admin, first.Id, null);
        var third = await RotateAsync(admin, first.Id, 0);
        Assert.False(await IsGoodAsync(server, first.Value!));
        Assert.False(await IsGoodAsync(server, second.Value!));
        Assert.True(await IsGoodAsync(server, third.Value!));
        Assert.Null(third.PreviousValueExpiresAt);
    }

    [Fact]
    public async Task Rotation_OfTheAdministratorsOwnKey_SurvivesARestart()
    {
        using var folder = new TemporaryFolder();
        ApiKeyObject rotated;
        using (var server = new ApiServer(folder.Path))
        {
            rotated = await RotateAsync(server.Caller(), "key_bootstrap", 60);
        }

        using var again = new ApiServer(folder.Path);
        Assert.True(await IsGoodAsync(again, rotated.Value!));
        Assert.True(await IsGoodAsync(again, ApiServer.AdminKey));
        again.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.False(await IsGoodAsync(again, ApiServer.AdminKey));
    }

    [Fact]
    public async Task Session_OfARotatedKey_GoesOnUnderTheNewValue()
    {
        using var server = new ApiServer();
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        var admin = server.Caller();
        var key = await admin.PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", Infer));
        var step = await server.Caller(key.Value).StepAsync(Steps.Prefill(1, 2));
        var rotated = await RotateAsync(admin, key.Id, 0);
        Assert.Equal(3, (await server.Caller(rotated.Value).StepAsync(Steps.Next(step, 1))).Position);
    }

    [Fact]
    public async Task Sessions_OfARevokedKey_AreReleased()
    {
        using var server = new ApiServer(("Stip:Api:Engine:Slots", "1"));
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        var admin = server.Caller();
        var key = await admin.PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", Infer));
        await server.Caller(key.Value).StepAsync(Steps.Prefill(1, 2));
        using var full = await admin.PostAsync(StipRoutes.Sessions, new SessionCreateRequest("tiny", 8));
        await ApiCaller.RefusedAsync(full, 503, "server_overloaded");
        using var revoked = await admin.SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/{key.Id}");
        Assert.True(revoked.IsSuccessStatusCode);
        await admin.PostAsync<SessionObject>(StipRoutes.Sessions, new SessionCreateRequest("tiny", 8));
    }

    [Theory]
    [InlineData("key_none", 60, 404, "not_found")]
    [InlineData("key_bootstrap", -1, 400, "invalid_request")]
    [InlineData("key_bootstrap", 2_592_001, 400, "invalid_request")]
    [InlineData("key_bootstrap", long.MaxValue, 400, "invalid_request")]
    public async Task Rotation_OfAnotherForm_IsRefusedAndChangesNothing(
        string id, long overlap, int status, string code)
    {
        using var server = new ApiServer();
        using var answer = await server.Caller().PostAsync(
            $"{StipRoutes.ApiKeys}/{id}/rotate", new ApiKeyRotateRequest(overlap));
        await ApiCaller.RefusedAsync(answer, status, code);
        Assert.True(await IsGoodAsync(server, ApiServer.AdminKey));
    }

    [Fact]
    public async Task Administrator_BoundToModels_ManagesTheirKeysOnly()
    {
        using var server = new ApiServer();
        var admin = server.Caller();
        var bound = await admin.PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys,
            new ApiKeyCreateRequest("bound", [ApiKeyScopes.KeysAdmin, ApiKeyScopes.ModelsWrite], ["tiny"]));
        var caller = server.Caller(bound.Value);
        foreach (var models in new[] { null, (string[])["tiny", "other"] })
        {
            using var wider = await caller.PostAsync(
                StipRoutes.ApiKeys, new ApiKeyCreateRequest("wider", Infer, models));
            await ApiCaller.RefusedAsync(wider, 403, "insufficient_scope");
        }

        var own = await caller.PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("own", Infer, ["tiny"]));
        var shown = await caller.GetAsync<ListObject<ApiKeyObject>>(StipRoutes.ApiKeys);
        Assert.Equal(new[] { bound.Id, own.Id }.Order(), shown.Data.Select(key => key.Id).Order());
        foreach (var (method, path) in new[]
        {
            (HttpMethod.Get, "/v1/api_keys/key_bootstrap"), (HttpMethod.Delete, "/v1/api_keys/key_bootstrap"),
            (HttpMethod.Post, "/v1/api_keys/key_bootstrap/rotate"),
        })
        {
            using var foreign = await caller.SendAsync(method, path);
            await ApiCaller.RefusedAsync(foreign, 404, "not_found");
        }

        foreach (var path in new[] { StipRoutes.Metrics, StipRoutes.AuditEvents })
        {
            using var whole = await caller.SendAsync(HttpMethod.Get, path);
            var refusal = await ApiCaller.RefusedAsync(whole, 403, "insufficient_scope");
            Assert.Contains("bound to models", refusal.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Administrator_WithLimits_GivesNoKeyMoreThanItHas()
    {
        using var server = new ApiServer();
        var limits = new ApiKeyLimits(RequestsPerSecond: 100, Sessions: 5);
        var free = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("free", Infer));
        var limited = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("limited", [ApiKeyScopes.KeysAdmin], Limits: limits));
        var caller = server.Caller(limited.Value);
        foreach (var wider in new[]
        {
            null, new ApiKeyLimits(), limits with { Sessions = 6 }, limits with { Sessions = 0 },
            limits with { RequestsPerSecond = null }, limits with { RequestsPerSecond = 101 },
        })
        {
            using var refused = await caller.PostAsync(
                StipRoutes.ApiKeys, new ApiKeyCreateRequest("wider", Infer, Limits: wider));
            await ApiCaller.RefusedAsync(refused, 403, "insufficient_scope");
        }

        // The value of a key that has more would be as good as a key that has more.
        using var rotated = await caller.PostAsync(
            $"{StipRoutes.ApiKeys}/{free.Id}/rotate", new ApiKeyRotateRequest(0));
        await ApiCaller.RefusedAsync(rotated, 403, "insufficient_scope");
        Assert.True(await IsGoodAsync(server, free.Value!));
        var own = await caller.PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys,
            new ApiKeyCreateRequest("own", Infer, Limits: limits with { Sessions = 1, TokensPerSecond = 0 }));
        await RotateAsync(caller, own.Id, 0);
        await RotateAsync(caller, limited.Id, 0);
    }

    [Fact]
    public async Task Administrator_ThatExpires_MakesNoKeyThatOutlivesIt()
    {
        using var server = new ApiServer();
        var end = server.Clock.GetUtcNow().ToUnixTimeSeconds() + 1000;
        var expiring = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("guest", [ApiKeyScopes.KeysAdmin], ExpiresAt: end));
        var caller = server.Caller(expiring.Value);
        foreach (var later in new long?[] { null, end + 1 })
        {
            using var refused = await caller.PostAsync(
                StipRoutes.ApiKeys, new ApiKeyCreateRequest("later", Infer, ExpiresAt: later));
            await ApiCaller.RefusedAsync(refused, 403, "insufficient_scope");
        }

        using var rotated = await caller.PostAsync(
            $"{StipRoutes.ApiKeys}/key_bootstrap/rotate", new ApiKeyRotateRequest(0));
        await ApiCaller.RefusedAsync(rotated, 403, "insufficient_scope");
        await caller.PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("guest's", Infer, ExpiresAt: end));
    }

    /// <summary>As docs/threat-model.md says: who makes keys can make any, and every one is in the audit log.</summary>
    [Fact]
    public async Task Administrator_OfKeysAlone_MakesKeysOfScopesThatItHasNot()
    {
        using var server = new ApiServer();
        var admin = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("admin", [ApiKeyScopes.KeysAdmin]));
        var caller = server.Caller(admin.Value);
        using var refused = await caller.SendAsync(HttpMethod.Get, StipRoutes.Sessions);
        await ApiCaller.RefusedAsync(refused, 403, "insufficient_scope");

        var made = await caller.PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, new ApiKeyCreateRequest("own", Infer));

        Assert.True(await IsGoodAsync(server, made.Value!));
        var acts = await caller.GetAsync<AuditPage>(StipRoutes.AuditEvents);
        Assert.Contains(made.Id, acts.Data[0].ToString(), StringComparison.Ordinal);
    }

    private static Task<ApiKeyObject> RotateAsync(ApiCaller caller, string id, long? overlap) =>
        caller.PostAsync<ApiKeyObject>($"{StipRoutes.ApiKeys}/{id}/rotate", new ApiKeyRotateRequest(overlap));

    private static async Task<bool> IsGoodAsync(ApiServer server, string value)
    {
        using var answer = await server.Caller(value).SendAsync(HttpMethod.Get, StipRoutes.Models);
        return answer.IsSuccessStatusCode;
    }
}
