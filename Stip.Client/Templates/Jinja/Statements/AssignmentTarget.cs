using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>What a value is given to: a name, several names, or an attribute of a namespace.</summary>
internal sealed record AssignmentTarget(IReadOnlyList<AssignmentTarget>? Parts, string Name, string? Attribute)
{
    public void Assign(Scope scope, object? value)
    {
        if (Parts is not null)
        {
            Unpack(scope, Sequences.Items(value, scope.Budget));
        }
        else if (Attribute is null)
        {
            scope.Set(Name, value);
        }
        else
        {
            var space = scope.Get(Name) as TemplateNamespace
                ?? throw new ChatTemplateException($"'{Name}' is not a namespace, its attributes cannot be set");
            space.Attributes[Attribute] = value;
        }
    }

    private void Unpack(Scope scope, IList<object?> values)
    {
        if (values.Count != Parts!.Count)
        {
            throw new ChatTemplateException($"{values.Count} values are given to {Parts.Count} names");
        }

        foreach (var (part, value) in Parts.Zip(values))
        {
            part.Assign(scope, value);
        }
    }
}
