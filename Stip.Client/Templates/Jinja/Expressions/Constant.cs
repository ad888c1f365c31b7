namespace Stip.Client.Templates.Jinja.Expressions;

internal sealed class Constant(object? value) : Expression
{
    protected override object? Compute(Scope scope) => value;
}
