using Spectre.Console;
using Stip.Client;
using Stip.Client.Bundles;

namespace Stip.Gateway.Terminal;

/// <summary>The conversation of a person at a terminal.</summary>
internal static class ConversationLoop
{
    public static async Task RunAsync(Conversation conversation, CancellationToken cancellationToken)
    {
        AnsiConsole.MarkupLine("[grey]Ask; /reset forgets, /exit leaves.[/]");
        while (!cancellationToken.IsCancellationRequested)
        {
            AnsiConsole.Markup("[bold]>[/] ");
            switch ((await Console.In.ReadLineAsync(cancellationToken))?.Trim())
            {
                case null or "/exit" or "/quit":
                    return;
                case "":
                    break;
                case "/reset":
                    await conversation.ForgetAsync();
                    break;
                case var question:
                    await AnswerAsync(conversation, question, cancellationToken);
                    break;
            }
        }
    }

    /// <summary>Answers one question, or says in one line why not.</summary>
    internal static async Task AnswerAsync(
        Conversation conversation, string question, CancellationToken cancellationToken)
    {
        try
        {
            await AnswerPrinter.PrintAsync(
                conversation.AskAsync(question, cancellationToken), asJson: false, cancellationToken);
        }
        catch (Exception refusal) when (
            refusal is StipException or RefusedException or BundleException or InvalidDataException)
        {
            // The conversation is as it was; the next question may do better.
            await Console.Error.WriteLineAsync(refusal.Message.ReplaceLineEndings(" "));
        }
    }
}
