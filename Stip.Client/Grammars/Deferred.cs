namespace Stip.Client.Grammars;

/// <summary>A rule that is made when it is first reached, so that rules may contain themselves.</summary>
internal sealed class Deferred(Func<GrammarNode> make) : GrammarNode
{
    private GrammarNode? _made;

    public override void Open(GrammarRest? rest, GrammarPlaces into) =>
        into.Open(new GrammarRest(_made ??= make(), rest));
}
