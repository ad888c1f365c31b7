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
            string? scores = null;
            return encoder.RunAsync(
                parsed,
                model =>
                {
                    scores = model.Bundle.Manifest.LabelScores;
                    return file is null
                        ? new Classifier(model).ClassifyAsync(text, cancellation)
                        : new Classifier(model).ClassifyAsync(ImageReader.Decode(ImageOption.Read(file)), cancellation);
                },
                answer =>
                {
                    foreach (var label in answer.Labels)
                    {
                        Console.Out.WriteLine(Line(label, scores));
                    }
                });
        });
        return command;
    }

    /// <summary>A label as people read it.</summary>
    /// <param name="label">The label.</param>
    /// <param name="scores"><c>label_scores</c> of the bundle: numbers of a regression are no shares.</param>
    internal static string Line(LabelScore label, string? scores) => scores == "none"
        ? FormattableString.Invariant($"{label.Score,9:F4}  {label.Label}")
        : FormattableString.Invariant($"{label.Score,7:P1}  {label.Label}");
}
