using System.Globalization;
using Spectre.Console;

namespace Stip.Gateway.Demo;

/// <summary>Says what is going on: a spinner on a terminal, then one line a step.</summary>
internal static class DemoSteps
{
    public static Task RunAsync(string what, Func<Task> work) => RunAsync(what, async () =>
    {
        await work();
        return true;
    });

    public static async Task<T> RunAsync<T>(string what, Func<Task<T>> work)
    {
        var start = TimeProvider.System.GetTimestamp();
        var result = AnsiConsole.Profile.Out.IsTerminal
            ? await AnsiConsole.Status().StartAsync(Markup.Escape(what), _ => work())
            : await work();
        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        AnsiConsole.MarkupLine(string.Create(
            CultureInfo.InvariantCulture, $"[green]✓[/] {Markup.Escape(what)} [grey]{seconds:F1} s[/]"));
        return result;
    }
}
