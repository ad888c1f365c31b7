using System.Globalization;

namespace Stip.Client.Templates.Jinja.Syntax;

/// <summary>Reads what stands inside one tag.</summary>
internal sealed class ExpressionLexer(string source, string close, LineCounter lines)
{
    private static readonly string[] Signs =
    [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",",
    ];

    private readonly Stack<char> _open = new();
    private int _at;

    /// <summary>Adds the tokens and gives the place where the tag's end (with its sign) stands.</summary>
    public int Read(List<Token> tokens, int start)
    {
        _at = start;
        while (true)
        {
            while (_at < source.Length && char.IsWhiteSpace(source[_at]))
            {
                _at++;
            }

            if (_at >= source.Length)
            {
                throw lines.Fault(start, "a tag is not closed");
            }

            if (_open.Count == 0 && Closes())
            {
                return _at;
            }

            tokens.Add(Next());
        }
    }

    private bool Closes()
    {
        var rest = source.AsSpan(_at);
        var signed = rest[0] == '-' || (rest[0] == '+' && close == "%}");
        return rest.StartsWith(close, StringComparison.Ordinal)
            || (signed && rest[1..].StartsWith(close, StringComparison.Ordinal));
    }

    private Token Next()
    {
        var character = source[_at];
        if (char.IsLetter(character) || character == '_')
        {
            var end = _at;
            while (end < source.Length && (char.IsLetterOrDigit(source[end]) || source[end] == '_'))
            {
                end++;
            }

            return Take(TokenKind.Name, end);
        }

        return char.IsAsciiDigit(character) ? Number()
            : character is '"' or '\'' ? Text(character)
            : Sign();
    }

    private Token Take(TokenKind kind, int end)
    {
        var token = new Token(kind, source[_at..end], lines.Of(_at));
        _at = end;
        return token;
    }

    private Token Number()
    {
        var end = Digits(_at);
        var isFloat = false;
        if (end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]))
        {
            isFloat = true;
            end = Digits(end + 1);
        }

        if (end + 1 < source.Length && source[end] is 'e' or 'E')
        {
            var power = source[end + 1] is '+' or '-' ? end + 2 : end + 1;
            if (power < source.Length && char.IsAsciiDigit(source[power]))
            {
                isFloat = true;
                end = Digits(power);
            }
        }

        var token = Take(isFloat ? TokenKind.Float : TokenKind.Integer, end);
        return token with { Text = token.Text.Replace("_", string.Empty, StringComparison.Ordinal) };
    }

    private int Digits(int from)
    {
        while (from < source.Length && (char.IsAsciiDigit(source[from]) || source[from] == '_'))
        {
            from++;
        }

        return from;
    }

    private Token Text(char quote)
    {
        var end = _at + 1;
        while (end < source.Length && source[end] != quote)
        {
            end += source[end] == '\\' ? 2 : 1;
        }

        if (end >= source.Length)
        {
            throw lines.Fault(_at, "a text is not closed");
        }

        var inside = source[(_at + 1)..end];
        return Take(TokenKind.Text, end + 1) with { Text = TextEscapes.Resolve(inside) };
    }

    private Token Sign()
    {
        var sign = Array.Find(Signs, sign => source.AsSpan(_at).StartsWith(sign, StringComparison.Ordinal))
            ?? throw lines.Fault(_at, string.Create(
                CultureInfo.InvariantCulture, $"the character U+{(int)source[_at]:X4} has no meaning in a tag"));
        Balance(sign[0]);
        return Take(TokenKind.Sign, _at + sign.Length);
    }

    private void Balance(char sign)
    {
        if (sign is '(' or '[' or '{')
        {
            _open.Push(sign switch { '(' => ')', '[' => ']', _ => '}' });
        }
        else if (sign is ')' or ']' or '}' && (!_open.TryPop(out var expected) || expected != sign))
        {
            throw lines.Fault(_at, $"'{sign}' closes nothing");
        }
    }
}
