using Stip.Client.Templates.Jinja.Expressions;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>if, elif and else.</summary>
internal sealed class IfStatement(List<(Expression Condition, Block Body)> branches, Block? otherwise) : Statement
{
    protected override Flow Execute(Scope scope, Output output)
    {
        foreach (var (condition, body) in branches)
        {
            if (Truth.Of(condition.Evaluate(scope)))
            {
                return body.Run(scope, output);
            }
        }

        return otherwise?.Run(scope, output) ?? Flow.Next;
    }
}
