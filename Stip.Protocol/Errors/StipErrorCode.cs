namespace Stip.Protocol.Errors;

/// <summary>Every refusal that the server knows. The set is closed: one switch maps it to HTTP.</summary>
public enum StipErrorCode
{
    /// <summary>The request is not of the contract's form.</summary>
    InvalidRequest,

    /// <summary>The API key is missing, unknown, expired or revoked.</summary>
    InvalidApiKey,

    /// <summary>The API key is good but may not do this.</summary>
    InsufficientScope,

    /// <summary>There is no such model.</summary>
    ModelNotFound,

    /// <summary>A tensor has another shape than the model asks for.</summary>
    ShapeMismatch,

    /// <summary>A tensor has a dtype that is not accepted.</summary>
    UnsupportedDtype,

    /// <summary>A tensor holds a NaN or an infinity.</summary>
    NonFiniteInput,

    /// <summary>The session would grow beyond its length.</summary>
    ContextLengthExceeded,

    /// <summary>There is no such session; the client replays.</summary>
    SessionLost,

    /// <summary>A step of this session is still running.</summary>
    SessionBusy,

    /// <summary>The caller believes in a longer cache than there is.</summary>
    PositionAhead,

    /// <summary>Too many requests of this key.</summary>
    RateLimitExceeded,

    /// <summary>No room now; try again.</summary>
    ServerOverloaded,

    /// <summary>The body is larger than this route accepts.</summary>
    PayloadTooLarge,

    /// <summary>A package is not what it says.</summary>
    PackageInvalid,

    /// <summary>Bytes do not have the SHA-256 that was announced.</summary>
    ChecksumMismatch,

    /// <summary>A field that would change the answer and is not supported.</summary>
    UnsupportedParameter,

    /// <summary>There is no such upload, key or route.</summary>
    NotFound,

    /// <summary>A bug of the server.</summary>
    InternalError,
}
