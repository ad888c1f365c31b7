namespace Stip.Client.Templates.Jinja.Expressions;

internal sealed class Variable(string name) : Expression
{
    public string Name { get; } = name;

    protected override object? Compute(Scope scope) => scope.Get(Name);
}
