namespace Stip.Gateway.OpenAi.Answers;

/// <summary><c>text_completion</c>, whole and in chunks.</summary>
internal sealed class TextShape(AnswerHead head, bool includesUsage) : IAnswerShape
{
    private const string Name = "text_completion";

    public IEnumerable<object> Start(int index) => [];

    public object Text(int index, string text) => Chunk([Choice(index, text, null)], null);

    public object End(int index, string finishReason) => Chunk([Choice(index, "", finishReason)], null);

    public object Usage(AnswerUsage usage) => Chunk([], usage);

    public object Whole(IReadOnlyList<(string Text, string FinishReason)> choices, AnswerUsage usage) => new
    {
        head.Id,
        Object = Name,
        head.Created,
        head.Model,
        Choices = choices.Select((choice, index) => Choice(index, choice.Text, choice.FinishReason)),
        Usage = usage,
    };

    private static object Choice(int index, string text, string? finishReason) =>
        new { Index = index, Text = text, Logprobs = (object?)null, FinishReason = finishReason };

    private object Chunk(object[] choices, AnswerUsage? usage) => includesUsage
        ? new { head.Id, Object = Name, head.Created, head.Model, Choices = choices, Usage = usage }
        : new { head.Id, Object = Name, head.Created, head.Model, Choices = choices };
}
