using System.Net.WebSockets;
using Stip.Api.Engine;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Streaming;

/// <summary>Why a connection ends that its client would have kept.</summary>
/// <param name="Status">Of the close frame.</param>
/// <param name="Reason">Of the close frame, in ASCII, at most 120 characters.</param>
/// <param name="Refusal">A last message before it, or null.</param>
internal sealed record StreamEnd(WebSocketCloseStatus Status, string Reason, Refusal? Refusal = null)
{
    private const string NoKey = "the API key is expired or revoked";

    public static StreamEnd KeyGone { get; } = new(
        WebSocketCloseStatus.PolicyViolation, NoKey, new Refusal(StipErrorCode.InvalidApiKey, NoKey));

    public static StreamEnd Stopping { get; } = new(
        WebSocketCloseStatus.EndpointUnavailable, "the server stops",
        new Refusal(
            StipErrorCode.SessionLost, "the server stops; send the rows again to the one that comes after it",
            "session_id"));
}
