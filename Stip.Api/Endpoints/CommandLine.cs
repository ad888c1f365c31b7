namespace Stip.Api.Endpoints;

/// <summary>Refuses arguments that the configuration would pass over in silence.</summary>
internal static class CommandLine
{
    /// <summary>A line for each argument that is neither <c>--NAME VALUE</c> nor <c>--NAME=VALUE</c>.</summary>
    public static IEnumerable<string> Faults(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i].Contains('=', StringComparison.Ordinal))
            {
                continue;
            }

            if (!args[i].StartsWith("--", StringComparison.Ordinal) && !args[i].StartsWith('/'))
            {
                yield return $"'{args[i]}' is no argument: settings are --NAME VALUE (see --help)";
            }
            else if (i + 1 == args.Length || args[i + 1].StartsWith("--", StringComparison.Ordinal))
            {
                yield return $"{args[i]} has no value (see --help)";
            }
            else
            {
                i++;
            }
        }
    }
}
