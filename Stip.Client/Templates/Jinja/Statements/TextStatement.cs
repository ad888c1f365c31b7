namespace Stip.Client.Templates.Jinja.Statements;

internal sealed class TextStatement(string text) : Statement
{
    protected override Flow Execute(Scope scope, Output output)
    {
        output.Write(text);
        return Flow.Next;
    }
}
