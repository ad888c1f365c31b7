using System.CommandLine;

namespace Stip.Gateway.Terminal;

/// <summary>An option with an empty value is most often a shell variable that was not set; no path, name or address is
/// empty.</summary>
internal static class EmptyValues
{
    // A system message may say nothing.
    private const string MayBeEmpty = "--system";

    /// <summary>Refuses them for all options of a command and of those below it.</summary>
    public static void Refuse(Command command)
    {
        foreach (var option in command.Options.Where(option => option.Name != MayBeEmpty))
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens.Any(token => token.Value.Length == 0))
                {
                    result.AddError($"the value of {option.Name} is empty");
                }
            });
        }

        foreach (var below in command.Subcommands)
        {
            Refuse(below);
        }
    }
}
