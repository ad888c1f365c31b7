using Stip.Api.Endpoints.Limits;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints;

/// <summary>Judges what is asked of a key before anything is stored.</summary>
internal static class ApiKeyJudge
{
    private const int MaxNameLength = 100;
    private const int MaxModels = 1000;
    private const long DefaultOverlapSeconds = 86_400;
    private const long MaxOverlapSeconds = 30 * DefaultOverlapSeconds;

    /// <summary>Null where a key of this form may be made by that one.</summary>
    public static Refusal? Judge(
        ApiKeyCreateRequest request, ApiKeyRecord maker, LimitOptions server, DateTimeOffset now)
    {
        if (request.Name is not { Length: > 0 and <= MaxNameLength })
        {
            return Invalid($"name is not 1..{MaxNameLength} characters", "name");
        }

        if (request.Name.Any(char.IsControl))
        {
            return Invalid("name holds a control character", "name");
        }

        if (request.Scopes is not { Count: > 0 } || request.Scopes.Except(ApiKeyScopes.All).Any())
        {
            return Invalid($"scopes are not some of {string.Join(", ", ApiKeyScopes.All)}", "scopes");
        }

        if (request.Models is { } models && (models.Count is 0 or > MaxModels || models.Any(string.IsNullOrEmpty)))
        {
            return Invalid($"models does not name 1..{MaxModels} models; leave it out for all", "models");
        }

        if (!maker.AllowsAll(request.Models))
        {
            return new Refusal(
                StipErrorCode.InsufficientScope, "this API key is bound to models and cannot make a key for others",
                "models");
        }

        if (request.Limits is { } limits
            && (limits.RequestsPerSecond < 0 || limits.TokensPerSecond < 0 || limits.Sessions < 0))
        {
            return Invalid("limits holds a negative number; 0 means no limit", "limits");
        }

        var (soonest, latest) = (now.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return request.ExpiresAt is { } expires && (expires <= soonest || expires > latest)
            ? Invalid($"expires_at {expires} is not after now, {soonest}", "expires_at")
            : Reach(maker, request.Limits, request.ExpiresAt, server);
    }

    /// <summary>Null where a key with these limits and this end gives nobody more than the limits and the end that the
    /// one that asks for its value was made with. One that was made without limits may give any.</summary>
    public static Refusal? Reach(ApiKeyRecord asker, ApiKeyLimits? limits, long? expiresAt, LimitOptions server)
    {
        if (LimitReach.Beyond(limits, asker.Limits, server) is { } beyond)
        {
            return new Refusal(StipErrorCode.InsufficientScope, beyond, "limits");
        }

        return asker.ExpiresAt?.ToUnixTimeSeconds() is { } end && !(expiresAt <= end)
            ? new Refusal(
                StipErrorCode.InsufficientScope,
                $"this API key ends at {end}; one that it makes or rotates must have an expires_at of {end} or before",
                "expires_at")
            : null;
    }

    /// <summary>How long values from before a rotation stay good.</summary>
    public static Outcome<TimeSpan> Overlap(ApiKeyRotateRequest? request)
    {
        var seconds = request?.OverlapSeconds ?? DefaultOverlapSeconds;
        return seconds is >= 0 and <= MaxOverlapSeconds
            ? TimeSpan.FromSeconds(seconds)
            : Invalid($"overlap_seconds {seconds} is outside 0..{MaxOverlapSeconds}", "overlap_seconds");
    }

    private static Refusal Invalid(string message, string param) => new(StipErrorCode.InvalidRequest, message, param);
}
