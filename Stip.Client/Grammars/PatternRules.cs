using System.Globalization;
using System.Text;

namespace Stip.Client.Grammars;

/// <summary>A regular expression (of ECMAScript, as in JSON Schema) as a grammar of strings: literals, classes, groups,
/// alternatives, repetitions, and anchors at the ends. What looks around or back is refused.</summary>
internal sealed class PatternRules
{
    private const int Deepest = 32;
    private const int MostTimes = 10_000;

    // A text can be at as many places at once.
    private const int MostParts = 20_000;
    private const int MostTimesAtOnce = 1_000;
    private static readonly GrammarNode AnyText = new Repetition(JsonRules.Character, 0, null);

    private readonly string _pattern;
    private int _at;
    private int _depth;
    private long _parts;

    private PatternRules(string pattern) => _pattern = pattern;

    private bool IsOver => _at == _pattern.Length;

    /// <summary>A string that the pattern is found in.</summary>
    public static GrammarNode Rule(string pattern)
    {
        var rules = new PatternRules(pattern);
        var options = new List<GrammarNode>();
        do
        {
            var isFirst = rules.Take('^');
            var inside = rules.Parts();
            rules.Count(inside, isFirst);
            var isLast = rules.Take('$');
            options.Add(new Sequence(
                isFirst ? new Sequence() : AnyText, inside.Node, isLast ? new Sequence() : AnyText));
        }
        while (rules.Take('|'));

        return rules.IsOver
            ? new Sequence(ByteSet.Of('"'), new Choice([.. options]), ByteSet.Of('"'))
            : throw rules.Wrong();
    }

    // In the end, so that no group hides what another would add.
    private void Count(Piece all, bool isAnchored)
    {
        _parts += all.Parts;
        if (_parts > MostParts)
        {
            throw new NotSupportedException(
                $"the schema's 'pattern' has more than {MostParts} parts, repeated ones counted as often");
        }

        if (!isAnchored && all.Times > MostTimesAtOnce)
        {
            throw new NotSupportedException(
                $"the schema's 'pattern' repeats a part more than {MostTimesAtOnce} times without '^'");
        }
    }

    private Piece Parts()
    {
        var parts = new List<Piece>();
        while (!IsOver && !(_pattern[_at] is '|' or ')' or '$'))
        {
            parts.Add(Times(Part()));
        }

        return new Piece(
            new Sequence([.. parts.Select(part => part.Node)]),
            parts.TrueForAll(part => part.MayBeEmpty),
            parts.Sum(part => part.Parts),
            parts.Select(part => part.Times).DefaultIfEmpty(1).Max());
    }

    private Piece Part()
    {
        if (Take('('))
        {
            return Group();
        }

        return new Piece(_pattern[_at] switch
        {
            '[' => Class().ToRule(),
            '.' => Next(CharacterSet.Any).ToRule(),
            '\\' => Escape().ToRule(),
            '*' or '+' or '?' or '{' or '}' or '^' or ']' => throw Wrong(),
            _ => Literal(),
        }, MayBeEmpty: false, Parts: 1, Times: 1);
    }

    private Piece Group()
    {
        if (++_depth > Deepest)
        {
            throw new NotSupportedException($"the schema's 'pattern' is nested deeper than {Deepest}");
        }

        if (Take('?') && !Take(':'))
        {
            throw Wrong();
        }

        var options = new List<Piece>();
        do
        {
            options.Add(Parts());
        }
        while (Take('|'));

        _depth--;
        return Take(')')
            ? new Piece(
                new Choice([.. options.Select(option => option.Node)]),
                options.Exists(option => option.MayBeEmpty),
                options.Sum(option => option.Parts),
                options.Max(option => option.Times))
            : throw Wrong();
    }

    private Piece Times(Piece part)
    {
        if (Bounds() is not { } times)
        {
            return part;
        }

        // Lazy or not, the texts are the same.
        Take('?');
        if (times is (0, 1))
        {
            return part with { Node = Choice.Optional(part.Node), MayBeEmpty = true };
        }

        if (part.MayBeEmpty)
        {
            throw new NotSupportedException("the schema's 'pattern' repeats what may be empty");
        }

        var most = Math.Max(1, times.Most ?? times.Least);
        return part.Times == 1 || most == 1 || part.Times * most <= MostTimesAtOnce
            ? new Piece(
                new Repetition(part.Node, times.Least, times.Most), times.Least == 0, part.Parts * most,
                part.Times * most)
            : throw new NotSupportedException(
                $"the schema's 'pattern' repeats repetitions more than {MostTimesAtOnce} times");
    }

    private (int Least, int? Most)? Bounds()
    {
        if (Take('*'))
        {
            return (0, null);
        }

        if (Take('+'))
        {
            return (1, null);
        }

        if (Take('?'))
        {
            return (0, 1);
        }

        if (!Take('{'))
        {
            return null;
        }

        var least = Number();
        var most = !Take(',') ? least : !IsOver && _pattern[_at] == '}' ? (int?)null : Number();
        return Take('}') && !(most < least) ? (least, most) : throw Wrong();
    }

    private int Number()
    {
        var start = _at;
        while (!IsOver && char.IsAsciiDigit(_pattern[_at]))
        {
            _at++;
        }

        return int.TryParse(_pattern.AsSpan(start, _at - start), CultureInfo.InvariantCulture, out var number)
            && number <= MostTimes ? number : throw Wrong();
    }

    private CharacterSet Class()
    {
        _at++;
        var (isOthers, set) = (Take('^'), new CharacterSet());
        while (!Take(']'))
        {
            var (single, several) = ClassPart();
            if (several is not null)
            {
                set.Add(several);
            }
            else if (_at + 1 < _pattern.Length && _pattern[_at] == '-' && _pattern[_at + 1] != ']')
            {
                _at++;
                var (last, none) = ClassPart();
                _ = none is null && last >= single ? set.Add(single, last) : throw Wrong();
            }
            else
            {
                set.Add(single, single);
            }
        }

        return isOthers ? set.Others() : set;
    }

    private (Rune Single, CharacterSet? Several) ClassPart() => IsOver ? throw Wrong()
        : _pattern[_at] == '\\' ? PatternEscapes.Read(_pattern, ref _at, isInClass: true)
        : (Rune(), null);

    private CharacterSet Escape()
    {
        var (single, several) = PatternEscapes.Read(_pattern, ref _at, isInClass: false);
        return several ?? new CharacterSet().Add(single, single);
    }

    private GrammarNode Literal()
    {
        var rune = Rune();
        return new CharacterSet().Add(rune, rune).ToRule();
    }

    private CharacterSet Next(CharacterSet set)
    {
        _at++;
        return set;
    }

    private Rune Rune()
    {
        var rune = System.Text.Rune.TryGetRuneAt(_pattern, _at, out var found) ? found : throw Wrong();
        _at += rune.Utf16SequenceLength;
        return rune;
    }

    private bool Take(char character)
    {
        var isThere = !IsOver && _pattern[_at] == character;
        _at += isThere ? 1 : 0;
        return isThere;
    }

    private NotSupportedException Wrong() =>
        new($"the schema's 'pattern' is not supported from character {_at + 1} on");

    /// <param name="Node">The rule.</param>
    /// <param name="MayBeEmpty">Whether no character is enough.</param>
    /// <param name="Parts">Single characters, repeated ones as often as they are counted.</param>
    /// <param name="Times">How often the one that is counted most may come.</param>
    private readonly record struct Piece(GrammarNode Node, bool MayBeEmpty, long Parts, long Times);
}
