namespace Stip.Client.Transport;

/// <summary>How steps are written on the wire. Both carry the same fields.</summary>
public enum WireEncoding
{
    /// <summary><c>application/x-safetensors</c>: raw bytes, the default.</summary>
    Safetensors,

    /// <summary><c>application/json</c> with base64: a third larger, readable.</summary>
    Json,
}
