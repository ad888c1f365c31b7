using Stip.Client.Tokenization;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>Where in the text of an answer its tokens begin.</summary>
internal sealed class TextOffsets(TextTokenizer? tokenizer)
{
    private readonly StreamingDecoder? _decoder = tokenizer?.CreateStream();
    private int _length;

    /// <summary>Characters of the text before the next token: a token that is no text, or part of a character, stands
    /// where the text goes on.</summary>
    public int Next(int id)
    {
        var offset = _length;
        _length += _decoder?.Append(id).Length ?? 0;
        return offset;
    }
}
