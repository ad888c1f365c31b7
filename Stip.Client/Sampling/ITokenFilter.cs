namespace Stip.Client.Sampling;

/// <summary>Rules tokens out at the place where the text stands, e.g. those that a grammar does not allow
/// there.</summary>
public interface ITokenFilter
{
    /// <summary>Whether this token may come next.</summary>
    /// <param name="tokenId">A token id of the model's vocabulary.</param>
    bool Allows(int tokenId);
}
