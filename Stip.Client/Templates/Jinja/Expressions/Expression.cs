namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>A part of a template that has a value.</summary>
internal abstract class Expression
{
    public object? Evaluate(Scope scope)
    {
        scope.Budget.Spend();
        RenderBudget.GuardStack();
        return Compute(scope);
    }

    protected abstract object? Compute(Scope scope);
}
