using System.Globalization;
using System.Text;

namespace Stip.Client.Tokenization;

/// <summary>
/// Writes a pattern of the reference's engine (Oniguruma, Ruby syntax, Unicode) in .NET's syntax where the two differ:
/// possessive quantifiers, \h, \w, \p{Han} and its kin, \x{…}, and the long s and the Kelvin sign under (?i:…).
/// </summary>
internal sealed class OnigurumaSyntax
{
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Han"] = @"\u2E80-\u2E99\u2E9B-\u2EF3\u2F00-\u2FD5\u3005\u3007\u3021-\u3029\u3038-\u303B"
            + @"\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFA6D\uFA70-\uFAD9",
        ["Hiragana"] = @"\u3041-\u3096\u309D-\u309F",
        ["Katakana"] = @"\u30A1-\u30FA\u30FD-\u30FF\u31F0-\u31FF\u32D0-\u32FE\u3300-\u3357\uFF66-\uFF6F\uFF71-\uFF9D",
        ["Hangul"] = @"\u1100-\u11FF\u302E-\u302F\u3131-\u318E\u3200-\u321E\u3260-\u327E\uA960-\uA97C"
            + @"\uAC00-\uD7A3\uD7B0-\uD7FB\uFFA0-\uFFDC",
        ["Alpha"] = @"\p{L}\p{M}\p{Nl}",
        ["Alnum"] = @"\p{L}\p{M}\p{Nl}\p{Nd}",
        ["Digit"] = @"\p{Nd}",
        ["Space"] = @"\s",
        ["Punct"] = @"\p{P}$+<=>^`|~",
        ["Upper"] = @"\p{Lu}",
        ["Lower"] = @"\p{Ll}",
    };

    private readonly string _pattern;
    private readonly StringBuilder _written = new();
    private readonly Stack<(int Start, bool IgnoresCase)> _groups = new();
    private bool _ignoresCase;
    private int _classDepth;
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
        else if (_classDepth > 0)
        {
            ClassCharacter(character);
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
        if (_classDepth == 0)
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
                BeginAtom();
                _classDepth++;
                break;
            case '{':
                break;
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

    private void ClassCharacter(char character)
    {
        if (character == '&' && _pattern.AsSpan(_at).StartsWith("&&"))
        {
            throw new InvalidDataException("a character class with && is not supported in a tokenizer's pattern");
        }

        if (character == '[' && _pattern.AsSpan(_at).StartsWith("[:")
            && _pattern.IndexOf(":]", _at, StringComparison.Ordinal) is > 0 and var end
            && Scripts.TryGetValue(_pattern[(_at + 2)..end], out var posix))
        {
            _written.Append(posix);
            _at = end + 2;
            return;
        }

        if (character == '[')
        {
            throw new InvalidDataException("a class inside a class is not supported in a tokenizer's pattern");
        }

        _classDepth -= character == ']' ? 1 : 0;
        Write(character);
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
                WriteSet(@"\p{L}\p{M}\p{Nd}\p{Pc}", character == 'W');
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
        var body = Scripts.GetValueOrDefault(name, $@"\p{{{name}}}");
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
        if (_classDepth == 0)
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

        _ = (_ignoresCase && _classDepth == 0, character) switch
        {
            (true, 's' or 'S') => _written.Append("[sS\u017F]"),
            (true, 'k' or 'K') => _written.Append("[kK\u212A]"),
            _ => _written.Append(character),
        };
    }
}
