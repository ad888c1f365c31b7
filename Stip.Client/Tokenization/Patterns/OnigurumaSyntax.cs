using System.Buffers;
using System.Globalization;
using System.Text;

namespace Stip.Client.Tokenization.Patterns;

/// <summary>
/// Writes a pattern of the reference's engine (Oniguruma, Ruby syntax, Unicode) in .NET's syntax where the two differ:
/// possessive quantifiers, \h, \w, \p{Han} and its kin, \x{…}, and the long s and the Kelvin sign under (?i:…).
/// </summary>
internal sealed class OnigurumaSyntax
{
    private static readonly SearchValues<char> IntervalCharacters = SearchValues.Create("0123456789,");
    private readonly string _pattern;
    private readonly StringBuilder _written = new();
    private readonly Stack<(int Start, bool IgnoresCase)> _groups = new();
    private bool _ignoresCase;
    private OpenClass? _class;
    private int _atomStart;
    private int _at;

    private OnigurumaSyntax(string pattern) => _pattern = pattern;

    public static string Translate(string pattern)
    {
        var syntax = new OnigurumaSyntax(pattern);
        while (syntax._at < pattern.Length)
        {
            syntax.Step();
        }

        return syntax._written.ToString();
    }

    private void Step()
    {
        var character = _pattern[_at];
        if (character == '\\' && _at + 1 < _pattern.Length)
        {
            BeginAtom();
            Escape();
        }
        else if (_class is { } open)
        {
            ClassCharacter(open, character);
        }
        else if (character is '?' or '*' or '+')
        {
            Quantifier();
        }
        else
        {
            Character(character);
        }
    }

    private void BeginAtom()
    {
        if (_class is null)
        {
            _atomStart = _written.Length;
        }
    }

    private void Character(char character)
    {
        switch (character)
        {
            case '(':
                OpenGroup();
                return;
            case ')' when _groups.Count > 0:
                (_atomStart, _ignoresCase) = _groups.Pop();
                break;
            case '[':
                BeginClass();
                return;
            case '{' when Interval() is { Length: > 0 } interval:
                Repeat(interval);
                return;
            default:
                BeginAtom();
                break;
        }

        Write(character);
    }

    private void OpenGroup()
    {
        _groups.Push((_written.Length, _ignoresCase));
        var end = _pattern.AsSpan(_at).StartsWith("(?") ? _pattern.IndexOfAny([':', ')', '=', '!', '>', '<'], _at) : -1;
        var flags = end > _at + 2 && _pattern[end] is ':' or ')' ? _pattern[(_at + 2)..end] : string.Empty;
        if (flags.Length > 0)
        {
            var on = flags.Split('-')[0];
            _ignoresCase = on.Contains('i', StringComparison.Ordinal)
                || (_ignoresCase && !flags.Contains("-i", StringComparison.Ordinal));
            if (_pattern[end] == ')')
            {
                _groups.Pop();
            }

            _written.Append(_pattern, _at, end - _at + 1);
            _at = end + 1;
            return;
        }

        Write('(');
        if (_at < _pattern.Length && _pattern[_at] == '?')
        {
            Write('?');
        }
    }

    private void BeginClass()
    {
        BeginAtom();
        Write('[');
        if (_at < _pattern.Length && _pattern[_at] == '^')
        {
            Write('^');
        }

        _class = new OpenClass(_written.Length);
    }

    private void ClassCharacter(OpenClass open, char character)
    {
        if (character == '&' && _pattern.AsSpan(_at).StartsWith("&&"))
        {
            throw new InvalidDataException("a character class with && is not supported in a tokenizer's pattern");
        }

        if (character == '[' && _pattern.AsSpan(_at).StartsWith("[:")
            && _pattern.IndexOf(":]", _at, StringComparison.Ordinal) is > 0 and var end
            && OnigurumaClasses.TryGet(_pattern[(_at + 2)..end], out var posix))
        {
            _written.Append(posix);
            _at = end + 2;
            return;
        }

        if (character == '[')
        {
            throw new InvalidDataException("a class inside a class is not supported in a tokenizer's pattern");
        }

        if (char.IsHighSurrogate(character))
        {
            var first = _at;
            _at = open.Skip(_pattern, first);
            // Chinese characters are told from others, so a range of them is all of them.
            if (_at > first + 2 && Rune.TryGetRuneAt(_pattern, first, out var rune)
                && AstralStandIns.OfRange(rune) is { } standIn)
            {
                _written.Append(standIn);
            }

            return;
        }

        _written.Append(open.Take(character, _at, _written.Length) ? @"\" : "");
        _class = character == ']' ? null : open;
        Write(character);
    }

    private string Interval()
    {
        var close = _pattern.IndexOf('}', _at);
        var inside = close < 0 ? [] : _pattern.AsSpan((_at + 1)..close);
        var isInterval = inside.Length > 0 && !inside.ContainsAnyExcept(IntervalCharacters);
        return isInterval ? _pattern[_at..(close + 1)] : string.Empty;
    }

    private void Repeat(string interval)
    {
        _written.Append(interval);
        _at += interval.Length;
        if (_at < _pattern.Length && _pattern[_at] == '+')
        {
            // Not possessive in this syntax: the whole repetition, repeated.
            _written.Insert(_atomStart, "(?:").Append(")+");
            _at++;
        }
    }

    private void Quantifier()
    {
        Write(_pattern[_at]);
        if (_at < _pattern.Length && _pattern[_at] == '?')
        {
            Write('?');
        }
        else if (_at < _pattern.Length && _pattern[_at] == '+')
        {
            // Possessive: an atomic group around what is repeated.
            _written.Insert(_atomStart, "(?>").Append(')');
            _at++;
        }
    }

    private void Escape()
    {
        var character = _pattern[_at + 1];
        switch (character)
        {
            case 'h' or 'H':
                WriteSet("0-9a-fA-F", character == 'H');
                break;
            case 'w' or 'W':
                WriteSet(OnigurumaClasses.Word, character == 'W');
                break;
            case 'p' or 'P' when NamedClass() is var (body, negated, length):
                WriteSet(body, negated);
                _at += length;
                return;
            case 'x' when _pattern.AsSpan(_at).StartsWith(@"\x{"):
                HexCharacter();
                return;
            default:
                _written.Append(_pattern, _at, 2);
                break;
        }

        _at += 2;
    }

    /// <summary>A property that .NET does not know by this name; one it knows is left to it.</summary>
    private (string Body, bool Negated, int Length)? NamedClass()
    {
        var close = _pattern.IndexOf('}', _at);
        if (close < 0 || _at + 2 >= _pattern.Length || _pattern[_at + 2] != '{')
        {
            return null;
        }

        var name = _pattern[(_at + 3)..close];
        var negated = name.StartsWith('^') ^ (_pattern[_at + 1] == 'P');
        name = name.TrimStart('^');
        var body = OnigurumaClasses.TryGet(name, out var known) ? known : $@"\p{{{name}}}";
        return (body, negated, close + 1 - _at);
    }

    private void HexCharacter()
    {
        var close = _pattern.IndexOf('}', _at);
        var digits = close < 0 ? string.Empty : _pattern[(_at + 3)..close];
        if (!int.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var code) || code > 0xFFFF)
        {
            throw new InvalidDataException("a character of a tokenizer's pattern is outside U+0000 to U+FFFF");
        }

        _written.Append(CultureInfo.InvariantCulture, $@"\u{code:X4}");
        _at = close + 1;
    }

    private void WriteSet(string body, bool negated)
    {
        if (_class is null)
        {
            _written.Append(negated ? "[^" : "[").Append(body).Append(']');
        }
        else if (!negated)
        {
            _written.Append(body);
        }
        else if (body.StartsWith(@"\p{", StringComparison.Ordinal) && body.IndexOf('}', 0) == body.Length - 1)
        {
            _written.Append(@"\P").Append(body, 2, body.Length - 2);
        }
        else
        {
            throw new InvalidDataException("a negated set inside a class is not supported in a tokenizer's pattern");
        }
    }

    private void Write(char character)
    {
        _at++;
        if (char.IsSurrogate(character))
        {
            throw new InvalidDataException("a character of a tokenizer's pattern is outside U+0000 to U+FFFF");
        }

        _ = (_ignoresCase && _class is null, character) switch
        {
            (true, 's' or 'S') => _written.Append("[sS\u017F]"),
            (true, 'k' or 'K') => _written.Append("[kK\u212A]"),
            _ => _written.Append(character),
        };
    }
}
