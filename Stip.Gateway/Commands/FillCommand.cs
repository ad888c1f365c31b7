using System.CommandLine;
using System.Globalization;
using Stip.Client.Encoders;

namespace Stip.Gateway.Commands;

/// <summary><c>fill</c>: what may stand in place of the masks of a text.</summary>
internal static class FillCommand
{
    private const int DefaultCandidates = 5;
    private const int MostCandidates = 1000;

    public static Command Create()
    {
        var encoder = new EncoderCommand();
        var prompt = new PromptArgument();
        var top = NumberOption.Create("--top", DefaultCandidates, 1, MostCandidates, "Candidates for each mask.");
        var command = new Command(
            "fill", "Fills the masks of a text, e.g. [MASK], with a protected masked language model.") { top };
        encoder.AddTo(command);
        prompt.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var text = prompt.ReadText(parsed);
            return encoder.RunAsync(
                parsed,
                async model => new FillDocument(
                    await new MaskFiller(model).FillAsync(text, parsed.GetValue(top), cancellation)),
                Print);
        });
        return command;
    }

    private static void Print(FillDocument document)
    {
        foreach (var mask in document.Masks)
        {
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"mask at token {mask.Position}:"));
            foreach (var candidate in mask.Candidates)
            {
                Console.Out.WriteLine(FormattableString.Invariant($"{candidate.Score,9:P1}  {candidate.Token}"));
            }
        }
    }

    private sealed record FillDocument(IReadOnlyList<FilledMask> Masks);
}
