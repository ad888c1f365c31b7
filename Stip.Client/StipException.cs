using System.Net;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;

namespace Stip.Client;

/// <summary>A request that a server refused, or that never reached one. The message is one line.</summary>
public sealed class StipException : Exception
{
    /// <summary>A refusal or a fault on the way.</summary>
    /// <param name="message">One line that names the value and what is allowed.</param>
    /// <param name="code">Why; null where no server answered.</param>
    /// <param name="innerException">What was behind it, if anything.</param>
    public StipException(string message, StipErrorCode? code, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>Why the server refused; null where none answered, or one that does not speak the protocol.</summary>
    public StipErrorCode? Code { get; }

    /// <summary>HTTP status of the refusal; null where there was none.</summary>
    public int? Status { get; init; }

    /// <summary>True where the server, or a proxy before it, takes less or gives less at once: the same in smaller
    /// parts may go.</summary>
    internal bool AsksForLess => Status == (int)HttpStatusCode.RequestEntityTooLarge || AsksForSmallerAnswer;

    /// <summary>True where fewer rows of logits at once may be given, however many are sent.</summary>
    internal bool AsksForSmallerAnswer => Param == "logits.rows";

    /// <summary>True where there is no room at the moment, whatever for: a server's word, or a proxy's status
    /// without one.</summary>
    internal bool IsFull => Code is StipErrorCode.RateLimitExceeded or StipErrorCode.ServerOverloaded
        || Status is (int)HttpStatusCode.TooManyRequests or (int)HttpStatusCode.ServiceUnavailable;

    /// <summary>True where the server has no room for one more session of this key.</summary>
    internal bool HasNoRoom => IsFull && Param == CompletionFields.NoRoom;

    /// <summary>True where the server has no longer what it was told: the client tells it again.</summary>
    internal bool IsLost => Code is StipErrorCode.SessionLost or StipErrorCode.PositionAhead;

    /// <summary>True where nobody knows whether the server did what it was asked.</summary>
    internal bool IsUnanswered => Code is null
        && Status is null or (int)HttpStatusCode.BadGateway or (int)HttpStatusCode.GatewayTimeout;

    /// <summary>The field at fault, where the server named one.</summary>
    public string? Param { get; init; }

    /// <summary>What the server told its client to wait before it asks again; null where it told nothing.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The server's <c>x-request-id</c>, to find the request in its log.</summary>
    public string? RequestId { get; init; }
}
