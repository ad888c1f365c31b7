using Stip.Client.Templates.Jinja.Expressions;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>{% filter name %} … {% endfilter %}.</summary>
internal sealed class FilterBlockStatement(Block body, Func<Expression, Expression> filters) : Statement
{
    protected override Flow Execute(Scope scope, Output output)
    {
        var text = body.Render(scope.Open());
        output.Write(PythonText.Str(filters(new Constant(text)).Evaluate(scope)));
        return Flow.Next;
    }
}
