using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>value[start:stop:step].</summary>
internal sealed class Slice(Expression owner, Expression? start, Expression? stop, Expression? step) : Expression
{
    protected override object? Compute(Scope scope)
    {
        var value = owner.Evaluate(scope);
        var sliced = Sequences.Slice(
            value, Bound(start, scope), Bound(stop, scope), Bound(step, scope), scope.Budget);
        return sliced switch
        {
            string text => scope.Budget.Count(text),
            List<object?> list => scope.Budget.Count(list),
            _ => sliced,
        };
    }

    private static long? Bound(Expression? bound, Scope scope) => bound?.Evaluate(scope) switch
    {
        null => null,
        Undefined undefined => throw undefined.Error,
        var value => Arithmetic.Integer(value)
            ?? throw new ChatTemplateException($"the bound of a slice is {TypeNames.Of(value)}, not an integer"),
    };
}
