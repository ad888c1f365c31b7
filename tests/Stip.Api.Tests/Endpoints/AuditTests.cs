using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Audit;
using Stip.TestKit;

namespace Stip.Api.Tests.Endpoints;

public sealed class AuditTests
{
    [Fact]
    public async Task AdministrativeActs_All_LeaveALineWithoutASecret()
    {
        using var server = new ApiServer();
        using var package = new TemporaryFolder();
        var admin = server.Caller();
        var key = await admin.PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("alice", [ApiKeyScopes.Infer], ["tiny"]));
        var rotated = await admin.PostAsync<ApiKeyObject>(
            $"{StipRoutes.ApiKeys}/{key.Id}/rotate", new ApiKeyRotateRequest(60));
        await admin.SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/{key.Id}");
        new TinyDecoder().WriteTo(package.At("one"));
        new TinyDecoder(Instance: "instance-b").WriteTo(package.At("two"));
        await OkAsync(admin.PushAsync(package.At("one")));
        await OkAsync(admin.PushAsync(package.At("one")));
        // Folders of packages are named by the time, and this clock stands.
        server.Clock.Advance(TimeSpan.FromSeconds(1));
        await OkAsync(admin.PushAsync(package.At("two")));
        await OkAsync(admin.SendAsync(HttpMethod.Delete, $"{StipRoutes.Models}/tiny"));
        var upload = await admin.AnnounceAsync(PackageFiles.Of(package.At("one", "model.onnx")));
        await OkAsync(admin.PostAsync($"{StipRoutes.Uploads}/{upload.Id}/cancel", new { }));

        using var answer = await admin.SendAsync(HttpMethod.Get, StipRoutes.AuditEvents);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var page = JsonSerializer.Deserialize<AuditPage>(text, StipJson.Wire)!;
        Assert.Equal(
            [
                (AuditEventTypes.UploadCancelled, upload.Id), (AuditEventTypes.ModelRemoved, "tiny"),
                (AuditEventTypes.ModelReplaced, "tiny"), (AuditEventTypes.ModelRegistered, "tiny"),
                (AuditEventTypes.KeyRevoked, key.Id), (AuditEventTypes.KeyRotated, key.Id),
                (AuditEventTypes.KeyCreated, key.Id), (AuditEventTypes.KeyCreated, "key_bootstrap"),
            ],
            page.Data.Select(act => (act.Type, act.Subject)));
        Assert.All(page.Data.SkipLast(1), act => Assert.Equal("key_bootstrap", act.Actor));
        Assert.All(page.Data.SkipLast(1), act => Assert.StartsWith("req_", act.RequestId, StringComparison.Ordinal));
        Assert.Equal("server", page.Data[^1].Actor);
        Assert.Equal(page.Data[2].Details!["previous_fingerprint"], page.Data[3].Details!["fingerprint"]);
        foreach (var secret in new[] { key.Value!, rotated.Value!, ApiServer.AdminKey })
        {
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Pages_OneAfterAnother_ShowEveryEventOnce()
    {
        using var server = new ApiServer();
        var admin = server.Caller();
        for (var i = 0; i < 6; i++)
        {
            await admin.PostAsync<ApiKeyObject>(
                StipRoutes.ApiKeys, new ApiKeyCreateRequest($"key {i}", [ApiKeyScopes.Infer]));
        }

        var seen = new List<string>();
        string? after = null;
        AuditPage page;
        do
        {
            page = await admin.GetAsync<AuditPage>(
                $"{StipRoutes.AuditEvents}?limit=3{(after is null ? "" : $"&after={after}")}");
            Assert.Equal((page.Data[0].Id, page.Data[^1].Id), (page.FirstId, page.LastId));
            seen.AddRange(page.Data.Select(act => act.Details!["name"]));
            after = page.LastId;
        }
        while (page.HasMore);
        Assert.Equal(["key 5", "key 4", "key 3", "key 2", "key 1", "key 0", "bootstrap"], seen);
    }

    [Theory]
    [InlineData("?limit=0")]
    [InlineData("?limit=1001")]
    [InlineData("?limit=x")]
    [InlineData("?after=audit_x")]
    [InlineData("?after=5")]
    [InlineData("?after=audit_99999999999999999999")]
    public async Task Page_OfAnotherForm_IsRefused(string query)
    {
        using var server = new ApiServer();
        using var answer = await server.Caller().SendAsync(HttpMethod.Get, StipRoutes.AuditEvents + query);
        await ApiCaller.RefusedAsync(answer, 400, "invalid_request");
    }

    [Fact]
    public async Task AuditLog_OfAKeyWithoutTheScope_IsRefused()
    {
        using var server = new ApiServer();
        var key = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer, ApiKeyScopes.ModelsWrite]));
        using var answer = await server.Caller(key.Value).SendAsync(HttpMethod.Get, StipRoutes.AuditEvents);
        await ApiCaller.RefusedAsync(answer, 403, "insufficient_scope");
    }

    private static async Task OkAsync(Task<HttpResponseMessage> asking)
    {
        using var answer = await asking;
        Assert.True(
            answer.IsSuccessStatusCode,
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
