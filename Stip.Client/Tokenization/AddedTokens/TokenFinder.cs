using System.Runtime.InteropServices;
using System.Text;

namespace Stip.Client.Tokenization.AddedTokens;

/// <summary>Finds added tokens in a text, leftmost first and the longest of those, in one pass over a trie.</summary>
internal sealed class TokenFinder
{
    private readonly Node _root = new();

    public TokenFinder(IEnumerable<(string Content, AddedToken Token)> tokens)
    {
        foreach (var (content, token) in tokens.Where(entry => entry.Content.Length > 0))
        {
            var node = _root;
            foreach (var character in content)
            {
                ref var next = ref CollectionsMarshal.GetValueRefOrAddDefault(node.Next, character, out _);
                node = next ??= new Node();
            }

            // Of two tokens with the same text the first one is found.
            node.Token ??= token;
        }
    }

    /// <summary>The text as gaps (no token) and tokens with the spaces that they take along.</summary>
    public IEnumerable<(AddedToken? Token, int Start, int End)> Split(string text)
    {
        var gap = 0;
        for (var at = 0; at < text.Length;)
        {
            if (Longest(text, at) is not var (token, end))
            {
                at++;
                continue;
            }

            if (token.SingleWord && !StandsAlone(text, at, end))
            {
                at = end;
                continue;
            }

            var start = token.StripsLeft ? Math.Max(SpacesBefore(text, at), gap) : Math.Max(at, gap);
            var stop = token.StripsRight ? SpacesAfter(text, end) : end;
            if (gap < start)
            {
                yield return (null, gap, start);
            }

            yield return (token, start, stop);
            gap = stop;
            at = end;
        }

        if (gap < text.Length)
        {
            yield return (null, gap, text.Length);
        }
    }

    private (AddedToken Token, int End)? Longest(string text, int start)
    {
        (AddedToken, int)? longest = null;
        var node = _root;
        for (var at = start; at < text.Length && node.Next.TryGetValue(text[at], out var next); at++)
        {
            node = next!;
            longest = node.Token is null ? longest : (node.Token, at + 1);
        }

        return longest;
    }

    private static bool StandsAlone(string text, int start, int end)
    {
        var before = Rune.DecodeLastFromUtf16(text.AsSpan(0, start), out var previous, out _);
        var after = Rune.DecodeFromUtf16(text.AsSpan(end), out var next, out _);
        return !(before == System.Buffers.OperationStatus.Done && CharacterClasses.IsWord(previous))
            && !(after == System.Buffers.OperationStatus.Done && CharacterClasses.IsWord(next));
    }

    private static int SpacesBefore(string text, int start)
    {
        while (start > 0 && char.IsWhiteSpace(text[start - 1]))
        {
            start--;
        }

        return start;
    }

    private static int SpacesAfter(string text, int end)
    {
        while (end < text.Length && char.IsWhiteSpace(text[end]))
        {
            end++;
        }

        return end;
    }

    private sealed class Node
    {
        public Dictionary<char, Node?> Next { get; } = [];

        public AddedToken? Token { get; set; }
    }
}
