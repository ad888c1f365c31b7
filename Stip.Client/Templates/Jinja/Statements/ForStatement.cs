using Stip.Client.Templates.Jinja.Builtins;
using Stip.Client.Templates.Jinja.Expressions;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>for … in … [if …], with else for no turn at all; every turn has its own variables.</summary>
internal sealed class ForStatement(
    AssignmentTarget target, Expression items, Expression? condition, Block body, Block? otherwise) : Statement
{
    protected override Flow Execute(Scope scope, Output output)
    {
        var chosen = Choose(scope, Sequences.Items(items.Evaluate(scope), scope.Budget));
        if (chosen.Count == 0)
        {
            return otherwise?.Run(scope.Open(), output) ?? Flow.Next;
        }

        var loop = new LoopState(chosen);
        for (; loop.Index < chosen.Count; loop.Index++)
        {
            var turn = scope.Open();
            turn.Set("loop", loop);
            target.Assign(turn, chosen[loop.Index]);
            if (body.Run(turn, output) == Flow.Break)
            {
                break;
            }
        }

        return Flow.Next;
    }

    private IList<object?> Choose(Scope scope, IList<object?> all) => condition is null
        ? all
        : scope.Budget.Count(all.Where(item =>
        {
            var trial = scope.Open();
            target.Assign(trial, item);
            return Truth.Of(condition.Evaluate(trial));
        }).ToList());
}
