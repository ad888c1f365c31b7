using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Registry.ApiKeys;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Authentication;

/// <summary>Reads the API key from <c>Authorization: Bearer</c> or <c>x-api-key</c>.</summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ApiKeyStore keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string HeaderName = "x-api-key";
    public const string ScopeClaim = "scope";
    public const string AllModelsClaim = "all_models";
    private const string Bearer = "Bearer ";
    private bool _wasOpen = true;

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        // Before the key is looked for: keys that come in between must not make a good one unknown.
        _wasOpen = keys.IsOpen;
        if (Presented() is not { Length: > 0 and <= ApiKeyValue.MostCharacters } value)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        if (keys.Authenticate(value) is not { } grant)
        {
            return Task.FromResult(AuthenticateResult.Fail("unknown key"));
        }

        var key = grant.Key;
        Context.Features.Set(grant);
        Context.Features.Set(key);
        var identity = new ClaimsIdentity(
            [new(ClaimTypes.NameIdentifier, key.Id), .. key.Scopes.Select(scope => new Claim(ScopeClaim, scope))],
            SchemeName);
        if (key.Models is null)
        {
            identity.AddClaim(new Claim(AllModelsClaim, ""));
        }

        var ticket = new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName);
        return Task.FromResult(AuthenticateResult.Success(ticket));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (!_wasOpen)
        {
            return ErrorAnswer.WriteAsync(Context, new Refusal(
                StipErrorCode.ServerOverloaded, "the server is starting: its keys are not known yet",
                RetryAfter: TimeSpan.FromSeconds(1)));
        }

        Response.Headers.WWWAuthenticate = "Bearer";
        var message = Presented() is null
            ? "an API key is required: Authorization: Bearer KEY"
            : "the API key is unknown, expired or revoked";
        return ErrorAnswer.WriteAsync(Context, new Refusal(StipErrorCode.InvalidApiKey, message));
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var needed = Context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>()?.Scope;
        var message = Context.User.HasClaim(ScopeClaim, needed ?? "")
            ? "this API key is bound to models, and this route is about all of them"
            : $"this API key does not have the scope '{needed}'";
        return ErrorAnswer.WriteAsync(Context, new Refusal(StipErrorCode.InsufficientScope, message));
    }

    private string? Presented()
    {
        var authorization = Request.Headers.Authorization.ToString();
        return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? authorization[Bearer.Length..].Trim()
            : Request.Headers[HeaderName] is { Count: > 0 } header ? header.ToString() : null;
    }
}
