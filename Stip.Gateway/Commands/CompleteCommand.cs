using System.CommandLine;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>complete</c>: raw text in, its continuation out.</summary>
internal static class CompleteCommand
{
    public static Command Create()
    {
        var connection = new ConnectionOptions();
        var answer = new AnswerOptions();
        var prompt = new PromptArgument();
        var later = new LaterOptions("--image");
        var model = new Option<string?>("--model") { Description = "Which of several bundles." };
        var json = new Option<bool>("--json") { Description = "Prints one JSON document." };
        var command = new Command("complete", "Continues a raw text; special tokens in it count as such.")
        {
            model, json,
        };
        connection.AddTo(command);
        answer.AddTo(command);
        later.AddTo(command);
        prompt.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            later.Refuse(parsed);
            var text = prompt.Read(parsed) ?? throw new RefusedException("the prompt is missing: give PROMPT");
            using var open = connection.Open(parsed);
            var chosen = open.Pick(parsed.GetValue(model));
            await AnswerPrinter.PrintAsync(
                chosen.GenerateAsync(Prompts.Raw(chosen, text), answer.Read(parsed), cancellation),
                parsed.GetValue(json),
                cancellation);
            return ExitCodes.Done;
        });
        return command;
    }
}
