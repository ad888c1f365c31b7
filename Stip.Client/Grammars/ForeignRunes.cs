using System.Text;

namespace Stip.Client.Grammars;

/// <summary>Characters beyond ASCII: some, or all but some.</summary>
internal sealed class ForeignRunes
{
    private const int FirstForeign = 0x80;
    private static readonly (int First, int Last)[] Lengths =
        [(FirstForeign, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)];

    private HashSet<Rune> _named = [];
    private bool _areOthers;

    public void Add(Rune rune) => _ = _areOthers ? _named.Remove(rune) : _named.Add(rune);

    public void Add(ForeignRunes other)
    {
        _named = (_areOthers, other._areOthers) switch
        {
            (false, false) => [.. _named.Union(other._named)],
            (false, true) => [.. other._named.Except(_named)],
            (true, false) => [.. _named.Except(other._named)],
            (true, true) => [.. _named.Intersect(other._named)],
        };
        _areOthers |= other._areOthers;
    }

    public ForeignRunes Others() => new() { _named = [.. _named], _areOthers = !_areOthers };

    /// <summary>Each as its bytes in UTF-8.</summary>
    public IEnumerable<GrammarNode> ToRules()
    {
        if (_areOthers && _named.Count == 0)
        {
            return [JsonRules.Foreign];
        }

        return !_areOthers
            ? _named.Select(rune => Sequence.Literal($"{rune}"))
            : Lengths.SelectMany(Gaps).SelectMany(Split).Select(Bytes);
    }

    // What is left of a range between those that are named.
    private IEnumerable<(int First, int Last)> Gaps((int First, int Last) range)
    {
        var first = range.First;
        foreach (var named in _named.Select(rune => rune.Value).Order()
            .Where(value => value >= range.First && value <= range.Last))
        {
            if (named > first)
            {
                yield return (first, named - 1);
            }

            first = named + 1;
        }

        if (first <= range.Last)
        {
            yield return (first, range.Last);
        }
    }

    // Into ranges whose bytes are each a range of their own: from a place on, all that may follow do.
    private static IEnumerable<(int First, int Last)> Split((int First, int Last) range)
    {
        for (var low = 0x3F; low <= 0x3FFFF; low = (low << 6) | 0x3F)
        {
            if ((range.First & ~low) == (range.Last & ~low))
            {
                break;
            }

            if ((range.First & low) != 0)
            {
                return [.. Split((range.First, range.First | low)), .. Split(((range.First | low) + 1, range.Last))];
            }

            if ((range.Last & low) != low)
            {
                return [.. Split((range.First, (range.Last & ~low) - 1)), .. Split((range.Last & ~low, range.Last))];
            }
        }

        return [range];
    }

    private static Sequence Bytes((int First, int Last) range)
    {
        var (first, last) = (Encoding.UTF8.GetBytes($"{new Rune(range.First)}"),
            Encoding.UTF8.GetBytes($"{new Rune(range.Last)}"));
        return new Sequence([.. first.Zip(last, (low, high) => ByteSet.Ranges((low, high)))]);
    }
}
