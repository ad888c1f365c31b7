using Stip.Client.Generation;
using Stip.Gateway.OpenAi.Steps;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary><c>text_completion</c>, whole and in chunks.</summary>
internal sealed class TextShape(AnswerHead head, bool includesUsage, TokenNames names) : IAnswerShape
{
    private const string Name = "text_completion";

    private readonly Dictionary<int, TextOffsets> _offsets = [];

    public IEnumerable<object> Start(int index) => [];

    public object Text(AnswerPart part) =>
        Chunk([Choice(part.Index, part.Token.Text, Logprobs(part.Index, part.Listed, int.MaxValue), null)], null);

    public IEnumerable<object> Calls(AnswerPart part) => [];

    public object End(AnswerPart last) => Chunk([Choice(last.Index, "", null, last.FinishReason)], null);

    public object Usage(AnswerUsage usage) => Chunk([], usage);

    public object Step(StepView step) => new
    {
        head.Id,
        Object = Name,
        head.Created,
        head.Model,
        Choices = Array.Empty<object>(),
        Step = step,
    };

    public object Whole(IReadOnlyList<AnswerChoice> choices, AnswerUsage usage) => new
    {
        head.Id,
        Object = Name,
        head.Created,
        head.Model,
        Choices = choices.Select((choice, index) =>
            Choice(index, choice.Text, Logprobs(index, choice.Tokens, choice.Text.Length), choice.FinishReason)),
        Usage = usage,
    };

    private static object Choice(int index, string text, object? logprobs, string? finishReason) =>
        new { Index = index, Text = text, Logprobs = logprobs, FinishReason = finishReason };

    // Tokens of a stop string are listed and are no text: they stand at its end, where that is known.
    private object? Logprobs(int index, IReadOnlyList<GeneratedToken> tokens, int end)
    {
        var all = tokens.Select(token => token.Logprobs!).ToArray();
        return all.Length == 0 ? null : new
        {
            Tokens = all.Select(logprobs => names.Text(logprobs.Chosen.Id)),
            TokenLogprobs = all.Select(logprobs => TokenNames.Finite(logprobs.Chosen.Logprob)),
            TopLogprobs = all.Select(logprobs => logprobs.Top
                .GroupBy(token => names.Text(token.Id), StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => TokenNames.Finite(group.Max(token => token.Logprob)))),
            TextOffset = all.Select(logprobs => Math.Min(Offset(index, logprobs.Chosen.Id), end)).ToArray(),
        };
    }

    private int Offset(int index, int id)
    {
        if (!_offsets.TryGetValue(index, out var offsets))
        {
            _offsets.Add(index, offsets = names.Offsets());
        }

        return offsets.Next(id);
    }

    private object Chunk(object[] choices, AnswerUsage? usage) => includesUsage
        ? new { head.Id, Object = Name, head.Created, head.Model, Choices = choices, Usage = usage }
        : new { head.Id, Object = Name, head.Created, head.Model, Choices = choices };
}
