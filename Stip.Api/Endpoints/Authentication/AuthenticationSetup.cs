using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Stip.Api.Registry.ApiKeys;
using Stip.Protocol.ApiKeys;

namespace Stip.Api.Endpoints.Authentication;

/// <summary>Deny by default: what does not say otherwise needs a key.</summary>
internal static class AuthenticationSetup
{
    public static IServiceCollection AddApiKeyAuthentication(this IServiceCollection services)
    {
        services.AddAuthentication(ApiKeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, null);
        var authorization = services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        foreach (var scope in ApiKeyScopes.All)
        {
            authorization.AddPolicy(scope, policy => policy.RequireClaim(ApiKeyAuthentication.ScopeClaim, scope));
        }

        return services;
    }

    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string scope)
        where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(scope).WithMetadata(new RequiredScope(scope));

    /// <summary>The key of an authenticated request.</summary>
    public static ApiKeyRecord ApiKey(this HttpContext context) =>
        context.Features.Get<ApiKeyRecord>() ?? throw new InvalidOperationException("the request is not authenticated");
}
