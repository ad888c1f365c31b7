using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>not, -, +.</summary>
internal sealed class Unary(string sign, Expression operand) : Expression
{
    protected override object? Compute(Scope scope)
    {
        var value = operand.Evaluate(scope);
        return sign switch
        {
            "not" => !Truth.Of(value),
            "-" => Arithmetic.Negate(value),
            _ when value is Undefined undefined => throw undefined.Error,
            _ => value is double ? value : Arithmetic.Integer(value)
                ?? throw new ChatTemplateException($"'+' is not defined for {TypeNames.Of(value)}"),
        };
    }
}
