using Stip.Client.Generation;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>A token of one of several choices.</summary>
internal readonly record struct AnswerPart(int Index, GeneratedToken Token)
{
    /// <summary>Null until the choice is complete.</summary>
    public string? FinishReason => Token.FinishReason switch
    {
        null => null,
        Client.Generation.FinishReason.Length => "length",
        _ => "stop",
    };
}
