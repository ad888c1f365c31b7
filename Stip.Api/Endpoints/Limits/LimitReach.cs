using Stip.Api.Registry;
using Stip.Protocol.ApiKeys;

namespace Stip.Api.Endpoints.Limits;

/// <summary>Compares the limits of two keys, so that a limited administrator hands out no more than there is.</summary>
internal static class LimitReach
{
    /// <summary>One line where limits reach beyond those of the key that gives them; null where they do not.</summary>
    /// <param name="asked">Of the key that is given away; null for the server's.</param>
    /// <param name="own">Of the key that gives it away.</param>
    /// <param name="server">What counts where a key says nothing.</param>
    public static string? Beyond(ApiKeyLimits? asked, ApiKeyLimits? own, LimitOptions server)
    {
        (string Name, int Asked, int? Own)[] limits =
        [
            ("requests_per_second", asked?.RequestsPerSecond ?? server.RequestsPerSecond, own?.RequestsPerSecond),
            ("tokens_per_second", asked?.TokensPerSecond ?? server.TokensPerSecond, own?.TokensPerSecond),
            ("sessions", asked?.Sessions ?? server.Sessions, own?.Sessions),
        ];
        return limits.Where(limit => limit is { Own: > 0 } && (limit.Asked == 0 || limit.Asked > limit.Own))
            .Select(limit => $"this API key has {limit.Name} {limit.Own} and cannot give a key "
                + (limit.Asked == 0 ? "without that limit" : $"with {limit.Asked}"))
            .FirstOrDefault();
    }
}
