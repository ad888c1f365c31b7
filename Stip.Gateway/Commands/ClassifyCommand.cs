using System.CommandLine;
using Stip.Client.Encoders;
using Stip.Client.Images;

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
        command.SetAction((parsed, cancellation) =>
        {
            var file = parsed.GetValue(image);
            var text = file is null ? prompt.ReadText(parsed, "PROMPT or --image") : "";
            return encoder.RunAsync(
                parsed,
                model => file is null
                    ? new Classifier(model).ClassifyAsync(text, cancellation)
                    : new Classifier(model).ClassifyAsync(ImageReader.Decode(ImageOption.Read(file)), cancellation),
                Print);
        });
        return command;
    }

    private static void Print(Classification answer)
    {
        foreach (var label in answer.Labels)
        {
            Console.Out.WriteLine(FormattableString.Invariant($"{label.Score,7:P1}  {label.Label}"));
        }
    }
}
