namespace Stip.Client.Templates.Jinja.Syntax;

/// <summary>A stretch of the template; <paramref name="Line"/> counts from 1, for error messages.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int Line)
{
    public bool Is(string sign) => Kind == TokenKind.Sign && Text == sign;

    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;
}
