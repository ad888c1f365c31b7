namespace Stip.Client.Templates.Jinja.Values;

/// <summary>A dictionary of the template's language: text keys in the order in which they came.</summary>
internal sealed class TemplateMap : OrderedDictionary<string, object?>
{
    public TemplateMap()
        : base(StringComparer.Ordinal)
    {
    }
}
