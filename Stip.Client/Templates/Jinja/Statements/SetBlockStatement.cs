using Stip.Client.Templates.Jinja.Expressions;

namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>{% set target | filter %} … {% endset %}; the filters see the block's text.</summary>
internal sealed class SetBlockStatement(AssignmentTarget target, Block body, Func<Expression, Expression> filters)
    : Statement
{
    protected override Flow Execute(Scope scope, Output output)
    {
        var text = body.Render(scope.Open());
        target.Assign(scope, filters(new Constant(text)).Evaluate(scope));
        return Flow.Next;
    }
}
