namespace Stip.Gateway.Profiles;

/// <summary>Where a user's server is, and the key for it.</summary>
/// <param name="Endpoint">The address; the key is for it alone.</param>
/// <param name="ApiKey">Secret.</param>
internal sealed record Profile(Uri Endpoint, string ApiKey)
{
    /// <summary>Shows the address only.</summary>
    public override string ToString() => $"{nameof(Profile)} of {Endpoint}";
}
