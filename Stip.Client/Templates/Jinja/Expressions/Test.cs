using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>value is [not] name(arguments).</summary>
internal sealed class Test(TemplateFunction test, Expression value, ArgumentList arguments, bool isNegated) : Expression
{
    protected override object? Compute(Scope scope) =>
        Truth.Of(test(arguments.Evaluate(scope, value.Evaluate(scope)))) != isNegated;
}
