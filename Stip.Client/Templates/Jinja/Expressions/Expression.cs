namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>A part of a template that has a value.</summary>
internal abstract class Expression
{
    /// <summary>Whether its text needs no escapes (safe, escape): what '+' joins to it is escaped.</summary>
    public virtual bool IsMarkup => false;

    public object? Evaluate(Scope scope)
    {
        scope.Budget.Spend();
        RenderBudget.GuardStack();
        return Compute(scope);
    }

    protected abstract object? Compute(Scope scope);
}
