using Stip.Client.Templates.Jinja.Builtins;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>The operators on two values; ~ joins them as texts.</summary>
internal sealed class Binary(string sign, Expression left, Expression right) : Expression
{
    // Told once: a chain of sums is as deep as it is long.
    public override bool IsMarkup { get; } = sign == "+" && (left.IsMarkup || right.IsMarkup);

    // Jinja's type for such texts escapes what is joined to it, also where nothing else is escaped.
    private object? Escaped(object? value, bool isMarkup) =>
        IsMarkup && !isMarkup && value is string text ? TextFilters.Escape(text) : value;

    protected override object? Compute(Scope scope)
    {
        var first = Escaped(left.Evaluate(scope), left.IsMarkup);
        var second = Escaped(right.Evaluate(scope), right.IsMarkup);
        return sign == "~"
            ? scope.Budget.Count(PythonText.Str(first) + PythonText.Str(second))
            : Arithmetic.Apply(sign, first, second, scope.Budget);
    }
}
