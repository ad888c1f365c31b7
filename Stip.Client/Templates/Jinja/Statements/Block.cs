namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>Statements one after the other.</summary>
internal sealed class Block(List<Statement> statements) : Statement
{
    /// <summary>What the block writes, by itself.</summary>
    public string Render(Scope scope)
    {
        var output = new Output();
        Run(scope, output);
        return scope.Budget.Count(output.ToString());
    }

    protected override Flow Execute(Scope scope, Output output)
    {
        foreach (var statement in statements)
        {
            if (statement.Run(scope, output) is not Flow.Next and var flow)
            {
                return flow;
            }
        }

        return Flow.Next;
    }
}
