using System.CommandLine;
using Stip.Client.Encoders;

namespace Stip.Gateway.Commands;

/// <summary><c>tag</c>: labels of the tokens of a text, and the parts of it that they name.</summary>
internal static class TagCommand
{
    public static Command Create()
    {
        var encoder = new EncoderCommand();
        var prompt = new PromptArgument();
        var command = new Command(
            "tag", "Labels the tokens of a text (names, parts of speech) with a protected token classifier.");
        encoder.AddTo(command);
        prompt.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var text = prompt.ReadText(parsed);
            return encoder.RunAsync(
                parsed, model => new TokenLabeler(model).LabelAsync(text, cancellation), Print);
        });
        return command;
    }

    private static void Print(TokenLabels answer)
    {
        foreach (var span in answer.Spans)
        {
            Console.Out.WriteLine(FormattableString.Invariant(
                $"{span.Score,7:P1}  {span.Label}  {span.Word}  ({span.Start} to {span.End})"));
        }

        if (answer.Spans.Count == 0)
        {
            Console.Out.WriteLine("nothing is named");
        }
    }
}
