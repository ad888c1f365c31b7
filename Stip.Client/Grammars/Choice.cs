namespace Stip.Client.Grammars;

/// <summary>One of several rules.</summary>
internal sealed class Choice(params GrammarNode[] options) : GrammarNode
{
    /// <summary>The rule, or nothing.</summary>
    public static Choice Optional(GrammarNode node) => new(node, new Sequence());

    public override void Open(GrammarRest? rest, GrammarPlaces into)
    {
        foreach (var option in options)
        {
            into.Open(new GrammarRest(option, rest));
        }
    }
}
