using Stip.Client.Templates.Jinja.Expressions;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>{% macro name(a, b=…) %}: a function whose value is the text that its body writes.</summary>
internal sealed class MacroStatement(
    string name, List<(string Name, Expression? Default)> parameters, Block body) : Statement
{
    protected override Flow Execute(Scope scope, Output output)
    {
        scope.Set(name, (TemplateFunction)(arguments => Invoke(scope, arguments)));
        return Flow.Next;
    }

    private string Invoke(Scope definition, CallArguments arguments)
    {
        var inner = definition.Open();
        Bind(inner, arguments);
        inner.Budget.EnterCall();
        var text = body.Render(inner);
        inner.Budget.LeaveCall();
        return text;
    }

    private void Bind(Scope inner, CallArguments arguments)
    {
        if (arguments.Positional.Count > parameters.Count)
        {
            throw new ChatTemplateException(
                $"the macro '{name}' takes {parameters.Count} arguments, not {arguments.Positional.Count}");
        }

        foreach (var (parameter, index) in parameters.Select((parameter, index) => (parameter, index)))
        {
            var value = arguments.Has(index, parameter.Name) ? arguments.Get(index, parameter.Name)
                : parameter.Default is not null ? parameter.Default.Evaluate(inner)
                : new Undefined($"parameter '{parameter.Name}' was not provided");
            inner.Set(parameter.Name, value);
        }

        if (arguments.Named.Keys.FirstOrDefault(key => parameters.TrueForAll(known => known.Name != key)) is { } other)
        {
            throw new ChatTemplateException($"the macro '{name}' has no argument '{other}'");
        }
    }
}
