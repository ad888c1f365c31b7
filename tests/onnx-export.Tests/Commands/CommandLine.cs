using System.Reflection;
using Stip.Export.Checkpoints;

namespace Stip.Export.Tests.Commands;

/// <summary>Runs the program inside the test and takes down what it writes.</summary>
internal static class CommandLine
{
    private static readonly Lock Turn = new();

    /// <returns>Exit code, standard output, standard error.</returns>
    public static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        lock (Turn)
        {
            var (output, error) = (Console.Out, Console.Error);
            using var newOutput = new StringWriter();
            using var newError = new StringWriter();
            Console.SetOut(newOutput);
            Console.SetError(newError);
            try
            {
                var main = typeof(Checkpoint).Assembly.EntryPoint!;
                var exitCode = (int)main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [arguments], null)!;
                return (exitCode, newOutput.ToString(), newError.ToString());
            }
            finally
            {
                Console.SetOut(output);
                Console.SetError(error);
            }
        }
    }
}
