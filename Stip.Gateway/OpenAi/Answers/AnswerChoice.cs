using System.Text;
using Stip.Client.Generation;
using Stip.Gateway.OpenAi.Tools;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>One choice of an answer, as it grows.</summary>
internal sealed class AnswerChoice
{
    private readonly StringBuilder _text = new();

    public string Text => _text.ToString();

    /// <summary>Tokens with log probabilities, where they were asked for.</summary>
    public List<GeneratedToken> Tokens { get; } = [];

    public IReadOnlyList<ToolCall> Calls { get; private set; } = [];

    public string FinishReason { get; private set; } = "";

    public void Add(AnswerPart part)
    {
        _text.Append(part.Token.Text);
        FinishReason = part.FinishReason ?? "";
        Calls = part.Calls;
        if (part.Token.Logprobs is not null)
        {
            Tokens.Add(part.Token);
        }
    }
}
