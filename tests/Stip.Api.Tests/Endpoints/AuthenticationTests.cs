using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Models;
using Stip.TestKit;

namespace Stip.Api.Tests.Endpoints;

public sealed class AuthenticationTests
{
    private static readonly string[] Anonymous = ["/openapi/{documentName}.json", "/health/live", "/health/ready"];

    [Fact]
    public async Task EveryEndpoint_ButHealthAndTheDocument_NeedsAKey()
    {
        using var server = new ApiServer();
        var nobody = server.Caller(null);
        var endpoints =
            server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToArray();
        Assert.True(endpoints.Length > 15);
        foreach (var endpoint in endpoints)
        {
            var isOpen = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;
            Assert.Equal(Anonymous.Contains(endpoint.RoutePattern.RawText), isOpen);
            // One that names no method is for all: it is asked, too.
            var methods = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods;
            Assert.NotEmpty(endpoint.RoutePattern.RawText!);
            foreach (var method in methods is { Count: > 0 } ? methods : ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
            {
                var path = endpoint.RoutePattern.RawText!.Replace("{documentName}", "v1", StringComparison.Ordinal);
                using var response = await nobody.SendAsync(new HttpMethod(method), path);
                if (isOpen)
                {
                    Assert.True(response.IsSuccessStatusCode, path);
                }
                else
                {
                    await ApiCaller.RefusedAsync(response, 401, "invalid_api_key");
                }
            }
        }
    }

    [Theory]
    [InlineData("/swagger/index.html", 200)]
    [InlineData("/swagger/nothing.html", 401)]
    [InlineData("/metrics", 401)]
    [InlineData("/", 401)]
    public async Task WithoutAKey_OnlyTheSwaggerPageIsShown(string path, int status)
    {
        using var server = new ApiServer();
        using var response = await server.Caller(null).SendAsync(HttpMethod.Get, path);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    public async Task Key_ThatIsUnknown_IsRefused(string key)
    {
        using var server = new ApiServer();
        using var response = await server.Caller(key).SendAsync(HttpMethod.Get, StipRoutes.Models);
        await ApiCaller.RefusedAsync(response, 401, "invalid_api_key");
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Key_InXApiKey_IsAccepted()
    {
        using var server = new ApiServer();
        using var http = server.CreateClient();
        http.DefaultRequestHeaders.Add("x-api-key", ApiServer.AdminKey);
        using var response = await http.GetAsync(StipRoutes.Models, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode);
    }

    [Theory]
    [InlineData(ApiKeyScopes.Infer, "/v1/api_keys")]
    [InlineData(ApiKeyScopes.Infer, "/v1/uploads/x")]
    [InlineData(ApiKeyScopes.KeysAdmin, "/v1/permuted/sessions")]
    [InlineData(ApiKeyScopes.ModelsWrite, "/v1/permuted/sessions")]
    public async Task Key_WithoutTheScope_IsRefused(string scope, string path)
    {
        using var server = new ApiServer();
        var key =
            await server.Caller().PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, new ApiKeyCreateRequest("one", [scope]));
        using var response = await server.Caller(key.Value).SendAsync(HttpMethod.Get, path);
        await ApiCaller.RefusedAsync(response, 403, "insufficient_scope");
    }

    [Fact]
    public async Task Key_ThatExpired_IsRefused()
    {
        using var server = new ApiServer();
        var expires = server.Clock.GetUtcNow().AddMinutes(5).ToUnixTimeSeconds();
        var key = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("short", [ApiKeyScopes.Infer], ExpiresAt: expires));
        var caller = server.Caller(key.Value);
        Assert.Empty((await caller.GetAsync<ListObject<ModelObject>>(StipRoutes.Models)).Data);
        server.Clock.Advance(TimeSpan.FromMinutes(5));
        using var response = await caller.SendAsync(HttpMethod.Get, StipRoutes.Models);
        await ApiCaller.RefusedAsync(response, 401, "invalid_api_key");
    }

    [Fact]
    public async Task Key_ThatIsRevoked_IsRefusedAtOnce()
    {
        using var server = new ApiServer();
        var admin = server.Caller();
        var key =
            await admin.PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, new ApiKeyCreateRequest("x", [ApiKeyScopes.Infer]));
        using var revoked = await admin.SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/{key.Id}");
        Assert.Equal(new DeletedObject(key.Id, "api_key"), await ApiCaller.ReadAsync<DeletedObject>(revoked));
        using var response = await server.Caller(key.Value).SendAsync(HttpMethod.Get, StipRoutes.Models);
        await ApiCaller.RefusedAsync(response, 401, "invalid_api_key");
        using var last = await admin.SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/key_bootstrap");
        await ApiCaller.RefusedAsync(last, 400, "invalid_request");
    }

    [Fact]
    public async Task Key_BoundToModels_SeesNoOther()
    {
        using var server = new ApiServer();
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        new TinyDecoder("other", 2).WriteTo(server.PackageFolder("other"));
        var key = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("bound", [ApiKeyScopes.Infer], ["other"]));
        var caller = server.Caller(key.Value);
        Assert.Equal(
            "other", Assert.Single((await caller.GetAsync<ListObject<ModelObject>>(StipRoutes.Models)).Data).Id);
        using var response = await caller.PostAsync(StipRoutes.Completions, Steps.Prefill(1, 1));
        await ApiCaller.RefusedAsync(response, 404, "model_not_found");
        Assert.Equal(1, (await caller.StepAsync(Steps.Prefill(1, 1) with { Model = "other" })).Position);
    }

    [Fact]
    public async Task KeyStore_AfterARestart_KnowsItsKeysAndHoldsNoValue()
    {
        using var folder = new TemporaryFolder();
        ApiKeyObject key;
        using (var server = new ApiServer(folder.Path))
        {
            key = await server.Caller().PostAsync<ApiKeyObject>(
                StipRoutes.ApiKeys, new ApiKeyCreateRequest("kept", [ApiKeyScopes.Infer]));
        }

        var stored = Encoding.UTF8.GetString(
            await File.ReadAllBytesAsync(folder.At("keys", "registry.db"), TestContext.Current.CancellationToken));
        Assert.DoesNotContain(key.Value!, stored, StringComparison.Ordinal);
        Assert.DoesNotContain(ApiServer.AdminKey, stored, StringComparison.Ordinal);
        using var again = new ApiServer(folder.Path, ("Stip:Api:BootstrapKey", "another_key_after_the_first_start"));
        Assert.Empty((await again.Caller(key.Value).GetAsync<ListObject<ModelObject>>(StipRoutes.Models)).Data);
        Assert.All(
            (await again.Caller().GetAsync<ListObject<ApiKeyObject>>(StipRoutes.ApiKeys)).Data, shown =>
                Assert.Null(shown.Value));
        using var late =
            await again.Caller("another_key_after_the_first_start").SendAsync(HttpMethod.Get, StipRoutes.Models);
        await ApiCaller.RefusedAsync(late, 401, "invalid_api_key");
    }

    [Theory]
    [InlineData("", "infer", null)]
    [InlineData("x", "everything", null)]
    [InlineData("x", "infer", 5L)]
    [InlineData("x", "infer", long.MaxValue)]
    public async Task Key_OfAnotherForm_IsNotMade(string name, string scope, long? expires)
    {
        using var server = new ApiServer();
        using var response = await server.Caller().PostAsync(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest(name, [scope], ExpiresAt: expires));
        await ApiCaller.RefusedAsync(response, 400, "invalid_request");
    }
}
