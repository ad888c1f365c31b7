using System.CommandLine;
using Stip.Client.Encoders;
using Stip.Client.Images;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>classify</c>: labels of a text or an image.</summary>
internal static class ClassifyCommand
{
    public static Command Create()
    {
        var encoder = new EncoderCommand();
        var prompt = new PromptArgument();
        var image = ImageOption.Create();
        var command = new Command("classify", "Labels a text or an image with a protected classifier.") { image };
        encoder.AddTo(command);
        prompt.AddTo(command);
        command.SetAction((parsed, cancellation) => encoder.RunAsync(
            parsed,
            model => parsed.GetValue(image) is { } file
                ? new Classifier(model).ClassifyAsync(ImageReader.Decode(ImageOption.Read(file)), cancellation)
                : new Classifier(model).ClassifyAsync(Text(prompt, parsed), cancellation),
            Print));
        return command;
    }

    private static string Text(PromptArgument prompt, ParseResult parsed) => prompt.Read(parsed)
        ?? throw new RefusedException("nothing to classify is given: give PROMPT or --image");

    private static void Print(Classification answer)
    {
        foreach (var label in answer.Labels)
        {
            Console.Out.WriteLine(FormattableString.Invariant($"{label.Score,7:P1}  {label.Label}"));
        }
    }
}
