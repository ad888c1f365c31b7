namespace Stip.Client.Templates.Jinja.Syntax;

/// <summary>The tokens, one after the other.</summary>
internal sealed class TokenReader(List<Token> tokens)
{
    private int _at;

    public Token Current => tokens[_at];

    public Token Following => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    public Token Take()
    {
        var token = tokens[_at];
        _at = Math.Min(_at + 1, tokens.Count - 1);
        return token;
    }

    public bool TakeIf(string sign)
    {
        var found = Current.Is(sign);
        if (found)
        {
            Take();
        }

        return found;
    }

    public bool TakeName(string name)
    {
        var found = Current.IsName(name);
        if (found)
        {
            Take();
        }

        return found;
    }

    public void Expect(string sign)
    {
        if (!TakeIf(sign))
        {
            throw Fault($"'{sign}' is expected");
        }
    }

    public void Expect(TokenKind kind)
    {
        if (Take().Kind != kind)
        {
            throw Fault("a tag has more than its statement, or is not closed");
        }
    }

    public string ExpectName() => Current.Kind == TokenKind.Name ? Take().Text : throw Fault("a name is expected");

    public void ExpectName(string name)
    {
        if (!TakeName(name))
        {
            throw Fault($"'{name}' is expected");
        }
    }

    public ChatTemplateException Fault(string what) => new($"line {Current.Line} of the chat template: {what}");
}
