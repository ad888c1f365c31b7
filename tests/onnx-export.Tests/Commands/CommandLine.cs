using System.Reflection;
using Stip.Export.Checkpoints;

namespace Stip.Export.Tests.Commands;

/// <summary>Runs the program inside the test and takes down what it writes.</summary>
internal static class CommandLine
{
    private static readonly RoutedWriter Output = Install(Console.Out, Console.SetOut);
    private static readonly RoutedWriter Error = Install(Console.Error, Console.SetError);

    /// <returns>Exit code, standard output, standard error.</returns>
    public static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Output.Route(output);
        Error.Route(error);
        try
        {
            var main = typeof(Checkpoint).Assembly.EntryPoint!;
            var exitCode = (int)main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [arguments], null)!;
            return (exitCode, output.ToString(), error.ToString());
        }
        finally
        {
            Output.Route(null);
            Error.Route(null);
        }
    }

    private static RoutedWriter Install(TextWriter writer, Action<TextWriter> set)
    {
        var routed = new RoutedWriter(writer);
        set(routed);
        return routed;
    }
}
