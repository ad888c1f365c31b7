using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Expressions;

/// <summary>The arguments of a call, filter or test as they are written.</summary>
internal sealed class ArgumentList(List<Expression> positional, List<(string Name, Expression Value)> named)
{
    public static ArgumentList Empty { get; } = new([], []);

    public CallArguments Evaluate(Scope scope, params IEnumerable<object?> leading)
    {
        var values = new List<object?>(leading);
        values.AddRange(positional.Select(argument => argument.Evaluate(scope)));
        var byName = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in named)
        {
            byName[name] = value.Evaluate(scope);
        }

        return new CallArguments(values, byName, scope);
    }
}
