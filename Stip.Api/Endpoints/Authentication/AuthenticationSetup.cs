using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Registry.Audit;
using Stip.Protocol.ApiKeys;

namespace Stip.Api.Endpoints.Authentication;

/// <summary>Deny by default: what does not say otherwise needs a key.</summary>
internal static class AuthenticationSetup
{
    private const string AllModels = "all models";

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

        authorization.AddPolicy(AllModels, policy => policy.RequireClaim(ApiKeyAuthentication.AllModelsClaim));
        return services;
    }

    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string scope)
        where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(scope).WithMetadata(new RequiredScope(scope));

    /// <summary>For routes that show or change what belongs to every model.</summary>
    public static TBuilder RequireAllModels<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(AllModels);

    /// <summary>Who acts in this request.</summary>
    public static AuditActor Actor(this HttpContext context) => new(context.ApiKey().Id, context.TraceIdentifier);

    /// <summary>The key of an authenticated request.</summary>
    public static ApiKeyRecord ApiKey(this HttpContext context) =>
        context.Features.Get<ApiKeyRecord>() ?? throw new InvalidOperationException("the request is not authenticated");

    /// <summary>The same with the value that was presented.</summary>
    public static ApiKeyGrant ApiKeyGrant(this HttpContext context) =>
        context.Features.Get<ApiKeyGrant>() ?? throw new InvalidOperationException("the request is not authenticated");
}
