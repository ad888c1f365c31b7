namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>A part of a template that writes or does something.</summary>
internal abstract class Statement
{
    public Flow Run(Scope scope, Output output)
    {
        scope.Budget.Spend();
        RenderBudget.GuardStack();
        return Execute(scope, output);
    }

    protected abstract Flow Execute(Scope scope, Output output);
}
