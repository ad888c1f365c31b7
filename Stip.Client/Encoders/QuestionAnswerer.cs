using Stip.Client.Tokenization;
using Stip.Protocol.Errors;

namespace Stip.Client.Encoders;

/// <summary>Finds the part of a text that answers a question, with a protected model of
/// <c>…ForQuestionAnswering</c>. Long texts are read in windows that overlap. As transformers' pipeline does it.
/// </summary>
/// <remarks>Safe for concurrent use. The server sees, as of every model, which places of the rows it likes; not what
/// stands there.</remarks>
public sealed class QuestionAnswerer(StipEncoder encoder)
{
    private const string What = "answer";
    private const int MostTokens = 384;
    private const int MostOverlap = 128;
    private const int WindowsOfAPass = 8;

    private static readonly string[] Outputs = ["start_logits", "end_logits"];

    /// <summary>Answers a question from a text.</summary>
    /// <param name="question">The question.</param>
    /// <param name="text">What it is answered from, of any length.</param>
    /// <param name="options">Defaults where null.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The best first; none where the text is empty.</returns>
    /// <exception cref="StipException">The question is too long, the model answers no questions; refused; not
    /// reached.</exception>
    public async Task<IReadOnlyList<ExtractedAnswer>> AnswerAsync(
        string question,
        string text,
        AnswerSearch? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(text);
        options ??= new AnswerSearch();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TopK, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxAnswerLength, 1);
        var asked = EncodedTexts.Bare(encoder, question);
        var read = EncodedTexts.Bare(encoder, text);
        var places = TokenPlaces.Of(encoder.Bundle.Tokenizer!, text, read);
        var found = new List<ExtractedAnswer>();
        var none = 1f;
        await TextPasses.RunAsync(
            ContextWindows.Of(read.Length, Room(asked), MostOverlap).Chunk(WindowsOfAPass),
            window => asked.Length + window.Count,
            encoder.PassTokens,
            async windows =>
            {
                var answers = await RunAsync(asked, read, windows, options, cancellationToken);
                foreach (var (window, spans, noAnswer) in answers)
                {
                    none = Math.Min(none, noAnswer);
                    found.AddRange(
                        spans.Select(span => Answer(text, places, window.Start, span)).OfType<ExtractedAnswer>());
                }
            });

        if (options.AllowsNone && read.Length > 0)
        {
            found.Add(new ExtractedAnswer("", 0, 0, none));
        }

        return [.. found.GroupBy(answer => answer.Answer, StringComparer.Ordinal)
            .Select(same => same.First() with { Score = same.Sum(answer => answer.Score) })
            .OrderByDescending(answer => answer.Score).Take(options.TopK)];
    }

    // Tokens of the text that fit beside the question.
    private int Room(int[] asked)
    {
        var most = Math.Min(MostTokens, encoder.Bundle.Manifest.ContextLength);
        var room = most - encoder.Bundle.Tokenizer!.Join(asked, []).Ids.Length;
        return room >= 1 ? room : throw new StipException(
            $"context_length_exceeded: the question has {asked.Length} tokens, which leave none of the {most} that "
            + $"model '{encoder.Id}' reads at once to the text",
            StipErrorCode.ContextLengthExceeded);
    }

    private async Task<IEnumerable<(
        (int Start, int Count) Window, IReadOnlyList<(int Start, int End, float Score)> Spans, float None)>> RunAsync(
        int[] asked,
        int[] read,
        (int Start, int Count)[] windows,
        AnswerSearch options,
        CancellationToken cancellationToken)
    {
        TokenPair[] pairs =
        [
            .. windows.Select(window => encoder.Bundle.Tokenizer!.Join(asked, read.AsSpan(window.Start, window.Count))),
        ];
        var rows = TextBatch.Embed(
            encoder.Bundle, [.. pairs.Select(pair => pair.Ids)], [.. pairs.Select(pair => pair.Types)]);
        var outputs = await encoder.RunAllAsync(rows, Outputs, What, cancellationToken);
        if (outputs.Any(output => output.Shape is not [_, var length] || length != rows.Length))
        {
            throw new StipException($"model '{encoder.Id}' does not answer from texts", null);
        }

        return windows.Select((window, index) =>
        {
            var (spans, none) = AnswerSpans.Best(
                outputs[0].Row(index), outputs[1].Row(index), pairs[index].SecondStart, window.Count, options);
            return (window, spans, none);
        });
    }

    // Null where its tokens stand for nothing.
    private static ExtractedAnswer? Answer(
        string text,
        IReadOnlyList<(int Start, int End)?> places,
        int firstToken,
        (int Start, int End, float Score) span)
    {
        var own = places.Skip(firstToken + span.Start).Take(span.End - span.Start + 1)
            .Where(place => place is not null).ToArray();
        if (own is [])
        {
            return null;
        }

        var (start, end) = WholeWords.Around(text, own[0]!.Value.Start, own[^1]!.Value.End);
        return new ExtractedAnswer(text[start..end], start, end, span.Score);
    }
}
