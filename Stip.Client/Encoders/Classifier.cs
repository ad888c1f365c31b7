using System.Globalization;
using Stip.Client.Images;

namespace Stip.Client.Encoders;

/// <summary>Labels texts or images with a protected classifier.</summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class Classifier(StipEncoder encoder)
{
    private const string What = "classify";

    private static readonly string[] Outputs = ["logits"];

    /// <summary>Labels a text.</summary>
    /// <exception cref="StipException">The text is too long, the model takes images or is no classifier; refused; not
    /// reached.</exception>
    public Task<Classification> ClassifyAsync(string text, CancellationToken cancellationToken = default) =>
        RunAsync(
            EncodedTexts.Embed(encoder, [EncodedTexts.Whole(encoder, text)]), cancellationToken);

    /// <summary>Labels an image.</summary>
    /// <exception cref="StipException">The model takes texts or is no classifier; refused; not reached.</exception>
    public Task<Classification> ClassifyAsync(RgbImage image, CancellationToken cancellationToken = default)
    {
        var patches = encoder.TakesImages ? encoder.Bundle.Patches : null;
        var (rows, shape) = (patches ?? throw new StipException($"model '{encoder.Id}' takes texts, not images", null))
            .Embed(image);
        return RunAsync(
            new ForwardRows(rows, null, (int)shape[0], (int)shape[1]) { Shape = shape }, cancellationToken);
    }

    private async Task<Classification> RunAsync(ForwardRows input, CancellationToken cancellationToken)
    {
        var score = LabelScoring.Of(encoder.Bundle.Manifest.LabelScores);
        var (output, _) = await encoder.RunAsync(input, Outputs, What, cancellationToken);
        if (output.Shape.Count != 2)
        {
            throw new StipException(encoder.Bundle.Manifest.Labels is { Count: > 0 }
                ? $"model '{encoder.Id}' labels tokens of texts; tag is for it"
                : $"model '{encoder.Id}' fills masks of texts; {What} needs a classifier", null);
        }

        var logits = output.Row(0).ToArray();
        var names = encoder.Bundle.Manifest.Labels;
        return new Classification(
            [.. score(logits).Select((value, index) => new LabelScore(index, Name(names, index), value))
                .OrderByDescending(label => label.Score)],
            logits);
    }

    private static string Name(IReadOnlyList<string>? names, int index) =>
        names is not null && index < names.Count ? names[index] : index.ToString(CultureInfo.InvariantCulture);
}
