using Stip.Client.Generation;
using Stip.Gateway.OpenAi.Tools;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>A token of one of several choices.</summary>
internal readonly record struct AnswerPart(int Index, GeneratedToken Token)
{
    /// <summary>Calls that the choice asks for, with its last token.</summary>
    public IReadOnlyList<ToolCall> Calls { get; init; } = [];

    /// <summary>Null until the choice is complete.</summary>
    public string? FinishReason => Token.FinishReason switch
    {
        null => null,
        _ when Calls.Count > 0 => "tool_calls",
        Client.Generation.FinishReason.Length => "length",
        _ => "stop",
    };
}
