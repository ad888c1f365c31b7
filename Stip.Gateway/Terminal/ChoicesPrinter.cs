using System.Globalization;
using System.Text;
using Stip.Client.Generation;
using Stip.Client.Generation.Beams;
using Stip.Client.Generation.Choices;

namespace Stip.Gateway.Terminal;

/// <summary>Shows several answers at their end: they come at once, and would run into each other.</summary>
internal static class ChoicesPrinter
{
    /// <param name="tokens">Of all answers.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="asJson">As one document.</param>
    public static async Task PrintAsync(IAsyncEnumerable<ChoiceToken> tokens, int count, bool asJson)
    {
        var (texts, ids) = (new StringBuilder[count], new List<int>[count]);
        var last = new GeneratedToken[count];
        for (var i = 0; i < count; i++)
        {
            (texts[i], ids[i]) = (new StringBuilder(), []);
        }

        await foreach (var (choice, token) in tokens)
        {
            texts[choice].Append(token.Text);
            ids[choice].Add(token.Id);
            last[choice] = token;
        }

        var usages = last.Select(token => token.Usage!).ToArray();
        await PrintAsync(
            new ChoicesDocument(
                [.. last.Select((token, i) => new ChoicesDocument.ChoiceDocument(
                    texts[i].ToString(), ids[i], AnswerDocument.Reason(token.FinishReason)))],
                Usage(usages[0].PromptTokens, ids.Sum(choice => choice.Count)),
                usages.Sum(usage => usage.Rounds),
                usages.Sum(usage => usage.BytesSent),
                usages.Sum(usage => usage.BytesReceived)),
            asJson);
    }

    /// <param name="found">Of a beam search.</param>
    /// <param name="asJson">As one document.</param>
    public static Task PrintAsync(BeamAnswers found, bool asJson) => PrintAsync(
        new ChoicesDocument(
            [.. found.Answers.Select(answer => new ChoicesDocument.ChoiceDocument(
                answer.Text, answer.TokenIds, AnswerDocument.Reason(answer.FinishReason), answer.Score))],
            Usage(found.PromptTokens, found.Answers.Sum(answer => answer.TokenIds.Count)),
            found.Usage.Rounds,
            found.Usage.BytesSent,
            found.Usage.BytesReceived),
        asJson);

    private static async Task PrintAsync(ChoicesDocument document, bool asJson)
    {
        if (asJson)
        {
            await Console.Out.WriteLineAsync(document.ToJson());
            return;
        }

        for (var i = 0; i < document.Choices.Count; i++)
        {
            var choice = document.Choices[i];
            if (document.Choices.Count > 1)
            {
                var score = choice.Score is { } value
                    ? $", score {value.ToString("F4", CultureInfo.InvariantCulture)}"
                    : "";
                await Console.Out.WriteLineAsync($"# {i + 1}{score}");
            }

            await Console.Out.WriteLineAsync(choice.Text);
        }
    }

    private static AnswerDocument.UsageDocument Usage(int prompt, int completion) =>
        new(prompt, completion, prompt + completion);
}
