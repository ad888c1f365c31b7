namespace Stip.Client.Templates.Jinja.Values;

/// <summary>namespace(…): the one value whose attributes a template may set, also from within loops.</summary>
internal sealed class TemplateNamespace
{
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}
