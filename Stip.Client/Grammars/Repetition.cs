namespace Stip.Client.Grammars;

/// <summary>A rule that takes at least one byte, several times.</summary>
/// <param name="node">The rule.</param>
/// <param name="least">Fewest times.</param>
/// <param name="most">Most times; null for no bound.</param>
internal sealed class Repetition(GrammarNode node, int least, int? most) : GrammarNode
{
    private Repetition? _further;

    public override void Open(GrammarRest? rest, GrammarPlaces into)
    {
        if (least == 0)
        {
            into.Open(rest);
        }

        if (most is not 0)
        {
            into.Open(new GrammarRest(node, new GrammarRest(Further(), rest)));
        }
    }

    private Repetition Further() => _further ??= least == 0 && most is null
        ? this
        : new Repetition(node, Math.Max(0, least - 1), most - 1);
}
