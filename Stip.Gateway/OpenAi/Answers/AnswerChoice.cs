using System.Text;
using Stip.Client.Generation;
using Stip.Client.Tools;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>One choice of an answer, as it grows.</summary>
internal sealed class AnswerChoice
{
    private readonly StringBuilder _text = new();

    public string Text => _text.ToString();

    /// <summary>Tokens with log probabilities, where they were asked for.</summary>
    public List<GeneratedToken> Tokens { get; } = [];

    public List<ToolCall> Calls { get; } = [];

    public string FinishReason { get; private set; } = "";

    public void Add(AnswerPart part)
    {
        _text.Append(part.Token.Text);
        FinishReason = part.FinishReason ?? "";
        Calls.AddRange(part.Calls);
        Tokens.AddRange(part.Listed);
    }
}
