using System.CommandLine;
using Stip.Client.Generation;
using Stip.Client.Generation.Beams;
using Stip.Client.Generation.Choices;
using Stip.Client.Images;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>complete</c>: raw text in, its continuation out.</summary>
internal static class CompleteCommand
{
    public static Command Create()
    {
        var connection = new ConnectionOptions();
        var answer = new AnswerOptions();
        var several = new SeveralOptions();
        var prompt = new PromptArgument(
            "without it standard input is read; a model that writes about its --image reads it where it is -");
        var picture = ImageOption.Create();
        var model = new Option<string?>("--model") { Description = "Which of several bundles." };
        var json = new Option<bool>("--json") { Description = "Prints one JSON document." };
        var source = new Option<string?>("--source-language")
        {
            Description = "Language of the text, for translators that are told it (eng_Latn, en_XX, en).",
        };
        var target = new Option<string?>("--target-language")
        {
            Description = "Language to translate to, as the tokenizer names it (fra_Latn, fr_XX, fra).",
        };
        var command = new Command("complete", "Continues a raw text; special tokens in it count as such.")
        {
            model, picture, source, target, json,
        };
        connection.AddTo(command);
        answer.AddTo(command);
        several.AddTo(command);
        prompt.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var image = parsed.GetValue(picture);
            // A model that writes about an image needs no text beside it.
            var text = image is null ? prompt.ReadText(parsed) : prompt.ReadOrNothing(parsed);
            using var open = connection.Open(parsed);
            var chosen = open.Pick(parsed.GetValue(model));
            text = text.Length > 0 || chosen.ReadsImage ? text : prompt.ReadText(parsed);
            var language = Languages.Frame(chosen, parsed.GetValue(source), parsed.GetValue(target));
            var options = answer.Read(parsed) with
            {
                FirstTokenId = Languages.First(chosen, parsed.GetValue(target)),
            };
            var ids = image is not null && chosen.ReadsImage
                ? Prompts.Beginning(chosen, text)
                : Prompts.Raw(chosen, text, language);
            var placed = image is not null
                ? await new ImageSight(chosen).PlaceAsync(
                    ids, [ImageReader.Decode(ImageOption.Read(image))], cancellation)
                : new ImagePrompt(ids, PlacedRows.None);
            await PrintAsync(
                chosen, placed, options, several.Beams(parsed, options), several.Choices(parsed),
                parsed.GetValue(json), cancellation);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task PrintAsync(
        StipModel model,
        ImagePrompt prompt,
        GenerationOptions options,
        BeamOptions? beams,
        int choices,
        bool asJson,
        CancellationToken cancellation)
    {
        if (beams is not null)
        {
            await ChoicesPrinter.PrintAsync(
                await model.SearchAsync(prompt.TokenIds, beams, prompt.Rows, cancellation), asJson);
        }
        else if (choices > 1)
        {
            GenerationOptions[] all = [.. Enumerable.Range(0, choices).Select(options.OfChoice)];
            await ChoicesPrinter.PrintAsync(
                model.GenerateChoicesAsync(prompt, all, cancellation), choices, asJson);
        }
        else
        {
            await AnswerPrinter.PrintAsync(
                model.GenerateWithImagesAsync(prompt, options, cancellation), asJson, cancellation);
        }
    }
}
