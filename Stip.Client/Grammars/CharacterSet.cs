using System.Text;

namespace Stip.Client.Grammars;

/// <summary>Characters of a pattern's class, of ASCII and beyond.</summary>
internal sealed class CharacterSet
{
    private const int Ascii = 128;
    private readonly bool[] _has = new bool[Ascii];
    private ForeignRunes _foreign = new();

    public static CharacterSet Digits { get; } = new CharacterSet().Add('0', '9');

    public static CharacterSet Words { get; } =
        new CharacterSet().Add('0', '9').Add('A', 'Z').Add('a', 'z').Add('_', '_');

    /// <summary>White space and ends of lines of ECMAScript.</summary>
    public static CharacterSet Spaces { get; } = new CharacterSet().Add(' ', ' ').Add('\t', '\r').Add(
        "\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A"
        + "\u2028\u2029\u202F\u205F\u3000\uFEFF");

    /// <summary>All but ends of lines.</summary>
    public static CharacterSet Any { get; } =
        new CharacterSet().Add('\n', '\n').Add('\r', '\r').Add("\u2028\u2029").Others();

    public CharacterSet Add(Rune from, Rune to)
    {
        if (to.Value >= Ascii && from != to)
        {
            throw new NotSupportedException("the schema's 'pattern' has a range of characters beyond ASCII");
        }

        if (from.Value >= Ascii)
        {
            _foreign.Add(from);
            return this;
        }

        Array.Fill(_has, true, from.Value, to.Value - from.Value + 1);
        return this;
    }

    public CharacterSet Add(char from, char to) => Add(new Rune(from), new Rune(to));

    public void Add(CharacterSet other)
    {
        for (var i = 0; i < Ascii; i++)
        {
            _has[i] |= other._has[i];
        }

        _foreign.Add(other._foreign);
    }

    private CharacterSet Add(string foreign)
    {
        foreach (var rune in foreign.EnumerateRunes())
        {
            _foreign.Add(rune);
        }

        return this;
    }

    public CharacterSet Others()
    {
        var others = new CharacterSet { _foreign = _foreign.Others() };
        for (var i = 0; i < Ascii; i++)
        {
            others._has[i] = !_has[i];
        }

        return others;
    }

    /// <summary>One of them as it is written in a string of JSON.</summary>
    public GrammarNode ToRule()
    {
        var plain = Enumerable.Range(' ', Ascii - ' ').Where(code => _has[code] && code is not ('"' or '\\')).ToArray();
        var options = new List<GrammarNode>();
        if (plain.Length > 0)
        {
            options.Add(ByteSet.Ranges([.. plain.Select(code => (code, code))]));
        }

        const string Escaped = "\"\\\b\f\n\r\t";
        const string Letters = "\"\\bfnrt";
        for (var i = 0; i < Escaped.Length; i++)
        {
            if (_has[Escaped[i]])
            {
                options.Add(new Sequence(ByteSet.Of('\\'), ByteSet.Of(Letters[i])));
            }
        }

        options.AddRange(_foreign.ToRules());
        return options.Count > 0
            ? new Choice([.. options])
            : throw new NotSupportedException("the schema's 'pattern' has a class without a character");
    }
}
