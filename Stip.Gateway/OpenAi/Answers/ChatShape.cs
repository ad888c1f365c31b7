using System.Text.Json.Serialization;
using Stip.Client.Generation;
using Stip.Client.Tools;
using Stip.Gateway.OpenAi.Steps;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary><c>chat.completion</c> and <c>chat.completion.chunk</c>.</summary>
internal sealed class ChatShape(AnswerHead head, bool includesUsage, TokenNames names) : IAnswerShape
{
    private const string Role = "assistant";
    private const string ChunkName = "chat.completion.chunk";

    public IEnumerable<object> Start(int index) => [Chunk(index, new Delta(Role, ""), null, null)];

    public object Text(AnswerPart part) =>
        Chunk(part.Index, new Delta(null, part.Token.Text), Logprobs(part.Listed), null);

    public IEnumerable<object> Calls(AnswerPart part) => part.Calls.Select((call, place) =>
        Chunk(part.Index, new Delta(null, null, [Describe(call, part.CallsBefore + place)]), null, null));

    public object End(AnswerPart last) => Chunk(last.Index, new Delta(null, null), null, last.FinishReason);

    public object Usage(AnswerUsage usage) => Chunk([], usage);

    public object Step(StepView step) => new
    {
        head.Id,
        Object = ChunkName,
        head.Created,
        head.Model,
        Choices = Array.Empty<object>(),
        Step = step,
    };

    public object Whole(IReadOnlyList<AnswerChoice> choices, AnswerUsage usage) => new
    {
        head.Id,
        Object = "chat.completion",
        head.Created,
        head.Model,
        Choices = choices.Select((choice, index) => new
        {
            Index = index,
            Message = Message(choice),
            Logprobs = Logprobs(choice.Tokens),
            choice.FinishReason,
        }),
        Usage = usage,
    };

    private static object Message(AnswerChoice choice)
    {
        const string? refusal = null;
        return choice.Calls.Count == 0
            ? new { Role, Content = choice.Text, Refusal = refusal }
            : new
            {
                Role,
                Content = choice.Text.Length > 0 ? choice.Text : null,
                Refusal = refusal,
                ToolCalls = choice.Calls.Select(call => Describe(call, null)),
            };
    }

    private static object Describe(ToolCall call, int? index)
    {
        const string type = "function";
        return index is { } place
            ? new { Index = place, call.Id, Type = type, Function = new { call.Name, call.Arguments } }
            : new { call.Id, Type = type, Function = new { call.Name, call.Arguments } };
    }

    private object? Logprobs(IReadOnlyList<GeneratedToken> tokens) =>
        tokens.Count > 0
            ? new { Content = tokens.Select(token => names.Chat(token.Logprobs!)), Refusal = (object?)null }
            : null;

    private object Chunk(int index, Delta delta, object? logprobs, string? finishReason) =>
        Chunk([new { Index = index, Delta = delta, Logprobs = logprobs, FinishReason = finishReason }], null);

    private object Chunk(object[] choices, AnswerUsage? usage) => includesUsage
        ? new { head.Id, Object = ChunkName, head.Created, head.Model, Choices = choices, Usage = usage }
        : new { head.Id, Object = ChunkName, head.Created, head.Model, Choices = choices };

    private sealed record Delta(
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Role,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Content,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] object[]? ToolCalls = null);
}
