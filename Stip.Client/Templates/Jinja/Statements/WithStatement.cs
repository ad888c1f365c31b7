using Stip.Client.Templates.Jinja.Expressions;

namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>{% with a = b %} … {% endwith %}: names for one block.</summary>
internal sealed class WithStatement(List<(AssignmentTarget Target, Expression Value)> values, Block body) : Statement
{
    protected override Flow Execute(Scope scope, Output output)
    {
        var inner = scope.Open();
        foreach (var (target, value) in values)
        {
            target.Assign(inner, value.Evaluate(scope));
        }

        return body.Run(inner, output);
    }
}
