namespace Stip.Client.Templates.Jinja.Syntax;

/// <summary>What the lexer tells apart.</summary>
internal enum TokenKind
{
    Data,
    BlockStart,
    BlockEnd,
    OutputStart,
    OutputEnd,
    Name,
    Text,
    Integer,
    Float,
    Sign,
    End,
}
