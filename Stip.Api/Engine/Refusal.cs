using Stip.Protocol.Errors;

namespace Stip.Api.Engine;

/// <summary>An expected "no", with the value and the allowed range in its message.</summary>
internal sealed record Refusal(StipErrorCode Code, string Message, string? Param = null, TimeSpan? RetryAfter = null)
{
    /// <summary>The hosted model that it is about; null where that was not found yet.</summary>
    public string? Model { get; init; }

    /// <summary>True where there would be room, had the caches more memory.</summary>
    public bool LacksCache { get; init; }
}
