using System.CommandLine;
using Stip.Gateway.Demo;

namespace Stip.Gateway.Commands;

/// <summary><c>demo</c>: the whole story on one machine.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var interactive = new Option<bool>("--interactive") { Description = "Stays in the chat afterwards." };
        var command = new Command(
            "demo", "Developer, cloud and owner on this machine: protect, serve, ask, compare with the plain model.")
        {
            interactive,
        };
        command.SetAction((parsed, cancellation) => DemoRun.RunAsync(parsed.GetValue(interactive), cancellation));
        return command;
    }
}
