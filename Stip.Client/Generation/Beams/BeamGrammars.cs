using Stip.Client.Grammars;
using Stip.Client.Sampling;

namespace Stip.Client.Generation.Beams;

/// <summary>Where each beam's text stands in a grammar. One beam is looked at at a time.</summary>
/// <param name="start">Before the first token.</param>
internal sealed class BeamGrammars(TokenConstraint start) : ITokenFilter
{
    private TokenConstraint[] _running = [start];
    private TokenConstraint _current = start;

    /// <summary>The beam that is asked about from here on.</summary>
    public void Look(int beam) => _current = _running[beam];

    public bool Allows(int tokenId) => _current.Allows(tokenId);

    /// <summary>Whether the text is complete with this token and nothing may follow.</summary>
    public bool EndsWith(int tokenId) => _current.After(tokenId).MustEnd;

    /// <summary>Goes on to other beams.</summary>
    public void Advance(IReadOnlyList<BeamStep> steps) =>
        _running = [.. steps.Select(step => _running[step.Parent].After(step.TokenId))];
}
