using System.CommandLine;
using Stip.Client.Images;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>chat</c>: one question, or a conversation at the terminal.</summary>
internal static class ChatCommand
{
    public static Command Create()
    {
        var connection = new ConnectionOptions();
        var answer = new AnswerOptions();
        var prompt = new PromptArgument(
            "without it a conversation on a terminal, else standard input is read");
        var image = ImageOption.Create();
        var model = new Option<string?>("--model") { Description = "Which of several bundles." };
        var system = new Option<string?>("--system") { Description = "The system message." };
        var variables = TemplateVariablesOption.Create();
        var json = new Option<bool>("--json") { Description = "Prints one JSON document." };
        var command = new Command("chat", "Asks through the model's chat template; without PROMPT a conversation.")
        {
            model, system, image, variables, json,
        };
        connection.AddTo(command);
        answer.AddTo(command);
        prompt.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var question = prompt.Read(parsed);
            using var open = connection.Open(parsed);
            var conversation = new Conversation(
                open.Pick(parsed.GetValue(model)),
                answer.Read(parsed),
                parsed.GetValue(system),
                parsed.GetValue(image) is { } file ? ImageReader.Decode(ImageOption.Read(file)) : null,
                TemplateVariablesOption.Read(parsed.GetValue(variables)));
            await using (conversation)
            {
                return await RunAsync(conversation, question, parsed.GetValue(json), cancellation);
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Conversation conversation, string? question, bool asJson, CancellationToken cancellation)
    {
        if (question is not null)
        {
            await AnswerPrinter.PrintAsync(conversation.AskAsync(question, cancellation), asJson, cancellation);
        }
        else if (asJson)
        {
            throw new RefusedException("--json prints one answer: give PROMPT");
        }
        else
        {
            await ConversationLoop.RunAsync(conversation, cancellation);
        }

        return ExitCodes.Done;
    }
}
