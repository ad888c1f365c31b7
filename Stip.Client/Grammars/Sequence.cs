using System.Text;

namespace Stip.Client.Grammars;

/// <summary>Rules one after the other.</summary>
internal sealed class Sequence(params GrammarNode[] parts) : GrammarNode
{
    /// <summary>Exactly this text.</summary>
    public static Sequence Literal(string text) =>
        new([.. Encoding.UTF8.GetBytes(text).Select(value => ByteSet.Ranges((value, value)))]);

    public override void Open(GrammarRest? rest, GrammarPlaces into)
    {
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            rest = new GrammarRest(parts[i], rest);
        }

        into.Open(rest);
    }
}
