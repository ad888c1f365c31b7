using System.Text.Json.Serialization;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary><c>chat.completion</c> and <c>chat.completion.chunk</c>.</summary>
internal sealed class ChatShape(AnswerHead head, bool includesUsage) : IAnswerShape
{
    private const string Role = "assistant";

    public IEnumerable<object> Start(int index) => [Chunk(index, new Delta(Role, ""), null)];

    public object Text(int index, string text) => Chunk(index, new Delta(null, text), null);

    public object End(int index, string finishReason) => Chunk(index, new Delta(null, null), finishReason);

    public object Usage(AnswerUsage usage) => Chunk([], usage);

    public object Whole(IReadOnlyList<(string Text, string FinishReason)> choices, AnswerUsage usage) => new
    {
        head.Id,
        Object = "chat.completion",
        head.Created,
        head.Model,
        Choices = choices.Select((choice, index) => new
        {
            Index = index,
            Message = new { Role, Content = choice.Text, Refusal = (string?)null },
            Logprobs = (object?)null,
            choice.FinishReason,
        }),
        Usage = usage,
    };

    private object Chunk(int index, Delta delta, string? finishReason) =>
        Chunk([new { Index = index, Delta = delta, Logprobs = (object?)null, FinishReason = finishReason }], null);

    private object Chunk(object[] choices, AnswerUsage? usage)
    {
        const string name = "chat.completion.chunk";
        return includesUsage
            ? new { head.Id, Object = name, head.Created, head.Model, Choices = choices, Usage = usage }
            : new { head.Id, Object = name, head.Created, head.Model, Choices = choices };
    }

    private sealed record Delta(
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Role,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Content);
}
