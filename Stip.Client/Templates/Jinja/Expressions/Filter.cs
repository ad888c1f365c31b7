using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>value | name(arguments).</summary>
internal sealed class Filter(TemplateFunction filter, Expression value, ArgumentList arguments) : Expression
{
    protected override object? Compute(Scope scope) => filter(arguments.Evaluate(scope, value.Evaluate(scope)));
}
