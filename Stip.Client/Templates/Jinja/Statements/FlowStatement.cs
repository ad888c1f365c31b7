namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>break and continue.</summary>
internal sealed class FlowStatement(Flow flow) : Statement
{
    protected override Flow Execute(Scope scope, Output output) => flow;
}
