using System.Text;
using Stip.Client.Sampling;
using Stip.Client.Tokenization;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>Tokens as log probabilities name them: text, and bytes where a token is part of a character.</summary>
internal sealed class TokenNames(TextTokenizer? tokenizer)
{
    public byte[] Bytes(int id) => tokenizer?.TokenBytes(id) ?? [];

    public string Text(int id) => Encoding.UTF8.GetString(Bytes(id));

    /// <summary>For the tokens of one answer.</summary>
    public TextOffsets Offsets() => new(tokenizer);

    /// <summary>One entry of chat's <c>logprobs.content</c>.</summary>
    public object Chat(TokenLogprobs logprobs) => new
    {
        Token = Text(logprobs.Chosen.Id),
        Logprob = Finite(logprobs.Chosen.Logprob),
        Bytes = Numbers(logprobs.Chosen.Id),
        TopLogprobs = logprobs.Top.Select(token => new
        {
            Token = Text(token.Id),
            Logprob = Finite(token.Logprob),
            Bytes = Numbers(token.Id),
        }),
    };

    /// <summary>JSON has no infinity; this is what OpenAI writes for a token that cannot come.</summary>
    public static double Finite(double logprob) => Math.Max(logprob, -9999);

    private int[] Numbers(int id) => [.. Bytes(id).Select(value => (int)value)];
}
