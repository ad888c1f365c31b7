using Stip.Client.Generation;
using Stip.Client.Tools;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>A token of one of several choices.</summary>
internal readonly record struct AnswerPart(int Index, GeneratedToken Token)
{
    /// <summary>Tokens whose log probabilities are told with this one: those that came out as text with it.</summary>
    public IReadOnlyList<GeneratedToken> Listed { get; init; } = Token.Logprobs is null ? [] : [Token];

    /// <summary>Calls that are complete with this token.</summary>
    public IReadOnlyList<ToolCall> Calls { get; init; } = [];

    /// <summary>Calls that the choice asked for before.</summary>
    public int CallsBefore { get; init; }

    /// <summary>Null until the choice is complete.</summary>
    public string? FinishReason => Token.FinishReason switch
    {
        null => null,
        Client.Generation.FinishReason.Length => "length",
        _ when CallsBefore + Calls.Count > 0 => "tool_calls",
        _ => "stop",
    };
}
