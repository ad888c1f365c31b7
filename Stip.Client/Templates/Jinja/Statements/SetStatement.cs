using Stip.Client.Templates.Jinja.Expressions;

namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>{% set target = value %}.</summary>
internal sealed class SetStatement(AssignmentTarget target, Expression value) : Statement
{
    protected override Flow Execute(Scope scope, Output output)
    {
        target.Assign(scope, value.Evaluate(scope));
        return Flow.Next;
    }
}
