using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>a &lt; b == c …: every neighbour pair holds; each operand is evaluated once.</summary>
internal sealed class Compare(Expression first, List<(string Sign, Expression Operand)> rest) : Expression
{
    protected override object? Compute(Scope scope)
    {
        var left = first.Evaluate(scope);
        foreach (var (sign, operand) in rest)
        {
            var right = operand.Evaluate(scope);
            if (!Holds(sign, left, right, scope.Budget))
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    private static bool Holds(string sign, object? left, object? right, RenderBudget budget) => sign switch
    {
        "==" => Comparison.AreEqual(left, right, budget),
        "!=" => !Comparison.AreEqual(left, right, budget),
        "<" => Comparison.Order(left, right, budget) < 0,
        "<=" => Comparison.Order(left, right, budget) <= 0,
        ">" => Comparison.Order(left, right, budget) > 0,
        ">=" => Comparison.Order(left, right, budget) >= 0,
        "in" => Comparison.Contains(right, left, budget),
        _ => !Comparison.Contains(right, left, budget),
    };
}
