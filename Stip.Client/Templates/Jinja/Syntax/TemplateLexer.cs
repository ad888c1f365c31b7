using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Syntax;

/// <summary>
/// Cuts a template into text and tags, with the white space rules that chat templates are rendered under: trim_blocks
/// (the first line break after a block goes), lstrip_blocks (so do the spaces before it), and the signs - and + in
/// tags.
/// </summary>
internal sealed class TemplateLexer
{
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private readonly LineCounter _lines;
    private bool _lineStarts = true;
    private int _at;

    private TemplateLexer(string source) => (_source, _lines) = (source, new LineCounter(source));

    public static List<Token> Tokenize(string template)
    {
        // These line ends and no others: what a page break or a line separator stands for stays.
        var source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new TemplateLexer(source.EndsWith('\n') ? source[..^1] : source);
        while (lexer._at < lexer._source.Length)
        {
            lexer.Step();
        }

        lexer.Add(TokenKind.End, string.Empty);
        return lexer._tokens;
    }

    private void Step()
    {
        var open = NextTag();
        if (open < 0)
        {
            AddData(_source[_at..]);
            _at = _source.Length;
            return;
        }

        var kind = _source[open + 1];
        var sign = open + 2 < _source.Length ? _source[open + 2] : '\0';
        AddData(Before(_source[_at..open], kind, sign));
        _at = open + (sign is '-' or '+' ? 3 : 2);
        switch (kind)
        {
            case '#':
                SkipComment();
                break;
            case '%' when RawBlock():
                break;
            case '%':
                Tag(TokenKind.BlockStart, TokenKind.BlockEnd, "%}");
                break;
            default:
                Tag(TokenKind.OutputStart, TokenKind.OutputEnd, "}}");
                break;
        }
    }

    private int NextTag()
    {
        for (var open = _source.IndexOf('{', _at); open >= 0; open = _source.IndexOf('{', open + 1))
        {
            if (open + 1 < _source.Length && _source[open + 1] is '{' or '%' or '#')
            {
                return open;
            }
        }

        return -1;
    }

    private string Before(string text, char kind, char sign)
    {
        if (sign == '-')
        {
            return PythonSpaces.Strip(text, left: false, right: true);
        }

        var line = text.LastIndexOf('\n') + 1;
        var strips = sign != '+' && kind != '{' && (line > 0 || _lineStarts);
        return strips && text.AsSpan(line).IsWhiteSpace() ? text[..line] : text;
    }

    private void Tag(TokenKind start, TokenKind end, string close)
    {
        Add(start, string.Empty);
        _at = new ExpressionLexer(_source, close, _lines).Read(_tokens, _at);
        Add(end, string.Empty);
        After(close);
    }

    /// <summary>What goes after a tag whose end stands here; the line break behind one that opens raw text is of that
    /// text.</summary>
    private void After(string close, bool opensRaw = false)
    {
        var sign = _source[_at];
        var start = _at;
        _at += sign is '-' or '+' ? close.Length + 1 : close.Length;
        if (sign == '-')
        {
            while (_at < _source.Length && PythonSpaces.IsSpace(_source[_at]))
            {
                _at++;
            }
        }
        else if (sign != '+' && !opensRaw && close != "}}" && _at < _source.Length && _source[_at] == '\n')
        {
            _at++;
        }

        _lineStarts = _at > start && _source[_at - 1] == '\n';
    }

    private void SkipComment()
    {
        var close = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (close < 0)
        {
            throw _lines.Fault(_at, "a comment is not closed");
        }

        _at = close > _at && _source[close - 1] is '-' or '+' ? close - 1 : close;
        After("#}");
    }

    /// <summary>{% raw %} … {% endraw %}: text that is no template.</summary>
    private bool RawBlock()
    {
        if (RawTag(_at, "raw") is not { } open)
        {
            return false;
        }

        _at = open;
        After("%}", opensRaw: true);
        for (var end = _at; (end = _source.IndexOf("{%", end, StringComparison.Ordinal)) >= 0; end += 2)
        {
            var sign = end + 2 < _source.Length ? _source[end + 2] : '\0';
            if (RawTag(end + (sign is '-' or '+' ? 3 : 2), "endraw") is { } close)
            {
                AddData(Before(_source[_at..end], '%', sign));
                _at = close;
                After("%}");
                return true;
            }
        }

        throw _lines.Fault(_at, "a raw block is not closed");
    }

    /// <summary>Where the end of a tag stands that holds this word alone.</summary>
    private int? RawTag(int start, string word)
    {
        var rest = _source.AsSpan(start);
        var trimmed = rest.TrimStart();
        var after = trimmed.StartsWith(word, StringComparison.Ordinal) ? trimmed[word.Length..].TrimStart() : default;
        var closes = after.StartsWith("%}") || after.StartsWith("-%}") || after.StartsWith("+%}");
        return closes ? _source.Length - after.Length : null;
    }

    private void AddData(string text)
    {
        if (text.Length > 0)
        {
            Add(TokenKind.Data, text);
            _lineStarts = text[^1] == '\n';
        }
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new Token(kind, text, _lines.Of(_at)));
}
