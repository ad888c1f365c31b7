using System.Runtime.CompilerServices;

namespace Stip.Client.Grammars;

/// <summary>What is still to come: a rule and what follows it. Null is the end.</summary>
internal sealed class GrammarRest(GrammarNode node, GrammarRest? next)
{
    private readonly int _hash = HashCode.Combine(RuntimeHelpers.GetHashCode(node), next?._hash);

    public static IEqualityComparer<GrammarRest> Same { get; } =
        EqualityComparer<GrammarRest>.Create(AreSame, rest => rest._hash);

    public GrammarNode Node => node;

    public GrammarRest? Next => next;

    /// <summary>Equal where <see cref="AreSame"/>.</summary>
    public static int HashOf(GrammarRest? rest) => rest?._hash ?? 0;

    /// <summary>Whether the same rules are still to come. Rests are made anew at every byte, and most end alike.
    /// </summary>
    public static bool AreSame(GrammarRest? one, GrammarRest? other)
    {
        while (!ReferenceEquals(one, other))
        {
            if (one is null || other is null || one._hash != other._hash || one.Node != other.Node)
            {
                return false;
            }

            (one, other) = (one.Next, other.Next);
        }

        return true;
    }
}
