namespace Stip.Client.Grammars;

/// <summary>A rule for bytes: what may come next, and what after it.</summary>
internal abstract class GrammarNode
{
    /// <summary>Opens the rule: adds what may come first, each with the rest that follows it.</summary>
    /// <param name="rest">What follows this rule.</param>
    /// <param name="into">Receives the open places.</param>
    public abstract void Open(GrammarRest? rest, GrammarPlaces into);
}
