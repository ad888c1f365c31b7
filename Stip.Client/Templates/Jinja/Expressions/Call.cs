using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

internal sealed class Call(Expression function, ArgumentList arguments) : Expression
{
    protected override object? Compute(Scope scope)
    {
        var callee = function.Evaluate(scope);
        return callee switch
        {
            TemplateFunction callable => callable(arguments.Evaluate(scope)),
            Undefined undefined => throw undefined.Error,
            _ => throw new ChatTemplateException($"{TypeNames.Of(callee)} cannot be called"),
        };
    }
}
