namespace Stip.Api.Engine;

/// <summary>A section of the settings and the options that are bound to it.</summary>
internal sealed record SettingSection(string Path, Type Options)
{
    public IEnumerable<string> Settings => Options.GetProperties().Select(property => $"{Path}:{property.Name}");
}
