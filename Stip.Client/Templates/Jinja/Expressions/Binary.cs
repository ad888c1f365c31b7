using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>The operators on two values; ~ joins them as texts.</summary>
internal sealed class Binary(string sign, Expression left, Expression right) : Expression
{
    protected override object? Compute(Scope scope)
    {
        var first = left.Evaluate(scope);
        var second = right.Evaluate(scope);
        return sign == "~"
            ? scope.Budget.Count(PythonText.Str(first) + PythonText.Str(second))
            : Arithmetic.Apply(sign, first, second, scope.Budget);
    }
}
