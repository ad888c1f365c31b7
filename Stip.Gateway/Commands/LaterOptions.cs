using System.CommandLine;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary>Options of the contract that are not built yet.</summary>
internal sealed class LaterOptions
{
    private readonly Option<string>[] _options;

    public LaterOptions(params string[] names) =>
        _options = [.. names.Select(name => new Option<string>(name) { Description = "Not there yet." })];

    public void AddTo(Command command) => Array.ForEach(_options, command.Options.Add);

    public void Refuse(ParseResult parsed)
    {
        if (_options.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } used)
        {
            throw new RefusedException($"'{used.Name}' is not there yet");
        }
    }
}
