using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Registry.Database;
using Stip.TestKit;

namespace Stip.Api.Tests.Endpoints.Authentication;

public sealed class ApiKeyAuthenticationTests
{
    private const string Value = "stip_a_key_of_this_test";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // The keys come after the key was looked for, and before its caller is told.
    [Fact]
    public async Task GoodKey_InTheMomentInWhichTheKeysCome_IsNotCalledUnknown()
    {
        using var data = new TemporaryFolder();
        using var folders = new DataFolders(Options.Create(new ApiOptions { DataDirectory = data.Path }));
        using var keys = new ApiKeyStore(
            new RegistryDatabase(folders, Options.Create(new DatabaseOptions())), new KeyFile(folders),
            new KeyDirectory(TimeProvider.System), TimeProvider.System);
        var (early, context) = await HandlerAsync(keys);
        Assert.False((await early.AuthenticateAsync()).Succeeded);
        await keys.OpenAsync(() => keys.AddBootstrapAsync(Value), Cancellation);
        await early.ChallengeAsync(null);
        Assert.Equal(StatusCodes.Status503ServiceUnavailable, context.Response.StatusCode);
        Assert.False(string.IsNullOrEmpty(context.Response.Headers.RetryAfter));

        var (later, _) = await HandlerAsync(keys);
        Assert.True((await later.AuthenticateAsync()).Succeeded);
        var (wrong, refused) = await HandlerAsync(keys, "stip_none");
        await wrong.AuthenticateAsync();
        await wrong.ChallengeAsync(null);
        Assert.Equal(StatusCodes.Status401Unauthorized, refused.Response.StatusCode);
    }

    private static async Task<(ApiKeyAuthentication Handler, HttpContext Context)> HandlerAsync(
        ApiKeyStore keys, string value = Value)
    {
        var handler = new ApiKeyAuthentication(
            new Schemes(), NullLoggerFactory.Instance, UrlEncoder.Default, keys);
        var context = new DefaultHttpContext();
        context.Request.Headers.Authorization = $"Bearer {value}";
        await handler.InitializeAsync(
            new AuthenticationScheme(ApiKeyAuthentication.SchemeName, null, typeof(ApiKeyAuthentication)), context);
        return (handler, context);
    }

    private sealed class Schemes : IOptionsMonitor<AuthenticationSchemeOptions>
    {
        public AuthenticationSchemeOptions CurrentValue { get; } = new();

        public AuthenticationSchemeOptions Get(string? name) => CurrentValue;

        public IDisposable? OnChange(Action<AuthenticationSchemeOptions, string?> listener) => null;
    }
}
