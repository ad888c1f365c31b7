using Stip.Client.Templates.Jinja.Expressions;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>{{ expression }}.</summary>
internal sealed class WriteStatement(Expression expression) : Statement
{
    protected override Flow Execute(Scope scope, Output output)
    {
        output.Write(PythonText.Str(expression.Evaluate(scope)));
        return Flow.Next;
    }
}
