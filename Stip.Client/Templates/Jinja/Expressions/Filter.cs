using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>value | name(arguments).</summary>
internal sealed class Filter(string name, TemplateFunction filter, Expression value, ArgumentList arguments)
    : Expression
{
    public override bool IsMarkup => name is "safe" or "escape" or "e" or "forceescape";

    protected override object? Compute(Scope scope) => filter(arguments.Evaluate(scope, value.Evaluate(scope)));
}
