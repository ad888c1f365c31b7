namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>[a, b], or (a, b) where it is a tuple.</summary>
internal sealed class ListLiteral(List<Expression> items, bool isTuple) : Expression
{
    public IReadOnlyList<Expression> Items => items;

    protected override object? Compute(Scope scope)
    {
        var values = items.ConvertAll(item => item.Evaluate(scope));
        return isTuple ? values.ToArray() : values;
    }
}
