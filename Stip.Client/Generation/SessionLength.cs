using Stip.Protocol.Errors;

namespace Stip.Client.Generation;

/// <summary>How long a session may become.</summary>
/// <param name="Model">Whose session it is.</param>
/// <param name="Wanted">Most tokens that were asked for; null for the model's.</param>
internal readonly record struct SessionLength(StipModel Model, int? Wanted)
{
    /// <summary>Most tokens; fewer than were asked for where the server, once it was asked, allows fewer.</summary>
    public int Most => Math.Min(Wanted ?? Model.ContextLength, Model.LongestSession);

    /// <exception cref="StipException"><c>context_length_exceeded</c>: so many are too many.</exception>
    public void Require(int tokens)
    {
        if (tokens > Most)
        {
            throw new StipException(
                $"context_length_exceeded: {tokens} tokens are more than the {Most} of this session",
                StipErrorCode.ContextLengthExceeded);
        }
    }
}
