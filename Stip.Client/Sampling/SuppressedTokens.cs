namespace Stip.Client.Sampling;

/// <summary>Rules out the tokens that a model's settings rule out, and what another filter does.</summary>
/// <param name="always">Never come.</param>
/// <param name="atStart">Do not come first.</param>
/// <param name="other">Null for none.</param>
internal sealed class SuppressedTokens(
    IReadOnlyCollection<int> always, IReadOnlyCollection<int> atStart, ITokenFilter? other) : ITokenFilter
{
    private readonly HashSet<int> _always = [.. always];
    private readonly HashSet<int> _atStart = [.. atStart];

    private bool _hasStarted;

    /// <summary>The first token has come.</summary>
    public void Start() => _hasStarted = true;

    public bool Allows(int tokenId) =>
        !_always.Contains(tokenId) && (_hasStarted || !_atStart.Contains(tokenId)) && other?.Allows(tokenId) != false;
}
