using System.Reflection;
using System.Text.Json;

/// <summary>Runs a program's command lines one after another in one process of it, instead of one process for each:
/// the runtime calls this before the program's own entry (`DOTNET_STARTUP_HOOKS`), which is then called for each line
/// of standard input, a JSON list of arguments. The answers are lines of [exit code, what was printed].</summary>
/// <remarks>Compiling the program anew took more than half of the time of most of its short runs.</remarks>
internal static class StartupHook
{
    public static void Initialize()
    {
        // The name is the runtime's, and children of the program are none of ours.
        Environment.SetEnvironmentVariable("DOTNET_STARTUP_HOOKS", null);
        var entry = Assembly.GetEntryAssembly()!.EntryPoint!;
        using var answers = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        using var printed = new StringWriter();
        Console.SetOut(printed);
        Console.SetError(printed);
        while (Console.In.ReadLine() is { } line)
        {
            printed.GetStringBuilder().Clear();
            var exitCode = (int)entry.Invoke(null, [JsonSerializer.Deserialize<string[]>(line)])!;
            answers.WriteLine(JsonSerializer.Serialize(new object[] { exitCode, printed.ToString() }));
        }

        Environment.Exit(0);
    }
}
