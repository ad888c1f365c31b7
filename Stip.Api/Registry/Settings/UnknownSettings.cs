using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Options;
using Stip.Api.Engine;

namespace Stip.Api.Registry.Settings;

/// <summary>Refuses names that no setting has: a limit that is misspelt would not be in force, and nobody would
/// know.</summary>
internal sealed class UnknownSettings(IConfiguration configuration, IEnumerable<SettingSection> sections)
    : IValidateOptions<ApiOptions>
{
    private const string Root = "Stip";

    // One settings file serves all hosts.
    private static readonly string[] OfOtherHosts = ["Stip:Portal", "Stip:Gateway"];

    private readonly string[] _groups = [Root, .. sections.Select(section => section.Path).Distinct()];
    private readonly string[] _settings = [.. sections.SelectMany(section => section.Settings)];

    private IEnumerable<IConfigurationProvider> Providers => (configuration as IConfigurationRoot)?.Providers ?? [];

    public ValidateOptionsResult Validate(string? name, ApiOptions options)
    {
        string[] faults = [.. Under(configuration.GetSection(Root)), .. Shortened()];
        return faults is [] ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static bool Has(string[] names, string name) => names.Contains(name, StringComparer.OrdinalIgnoreCase);

    private IEnumerable<string> Under(IConfigurationSection group) => group.GetChildren().SelectMany(Judge);

    private IEnumerable<string> Judge(IConfigurationSection section)
    {
        if (Has(OfOtherHosts, section.Path))
        {
            return [];
        }

        if (!Has(_groups, section.Path))
        {
            return Has(_settings, section.Path) && !section.GetChildren().Any() ? [] : Leaves(section).Select(Unknown);
        }

        return string.IsNullOrEmpty(section.Value)
            ? Under(section)
            : [$"{section.Path}{Source(section.Path)} is a group of settings and takes no value"];
    }

    private static IEnumerable<string> Leaves(IConfigurationSection section) => section.GetChildren().Any()
        ? section.GetChildren().SelectMany(Leaves)
        : [section.Path];

    private string Unknown(string path)
    {
        var nearest = NearestNames.Of(path, _settings);
        return $"{path}{Source(path)} is no setting of this server" + (nearest is []
            ? ": docs/api.md lists them, and --help the most used"
            : $"; did you mean {string.Join(" or ", nearest)}?");
    }

    // `--DataDirectory x` of the command line would be a setting of nobody.
    private IEnumerable<string> Shortened() =>
        from setting in _settings
        from tail in Tails(setting)
        where Providers.OfType<CommandLineConfigurationProvider>().Any(provider => provider.TryGet(tail, out _))
        select $"--{tail} is no setting of this server; did you mean --{setting}?";

    private static IEnumerable<string> Tails(string setting)
    {
        for (var at = setting.IndexOf(':', StringComparison.Ordinal); at >= 0;
            at = setting.IndexOf(':', at + 1))
        {
            yield return setting[(at + 1)..];
        }
    }

    // Where the value that counts was said.
    private string Source(string path) =>
        Providers.LastOrDefault(provider => provider.TryGet(path, out _)) switch
        {
            CommandLineConfigurationProvider => " (command line)",
            EnvironmentVariablesConfigurationProvider => " (environment)",
            JsonConfigurationProvider file => $" ({file.Source.Path})",
            _ => "",
        };
}
