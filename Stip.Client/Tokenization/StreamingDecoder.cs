using System.Text;
using Stip.Client.Tokenization.Decoding;

namespace Stip.Client.Tokenization;

/// <summary>
/// Turns ids into text one at a time and holds back characters that are not whole yet. All that it gives out, together
/// with <see cref="Flush"/>, is the text of <see cref="TextTokenizer.Decode"/>; only where byte pieces do not form
/// UTF-8 may whole characters before the fault have been shown already. Not for use from several threads at once.
/// </summary>
public sealed class StreamingDecoder
{
    private readonly TextTokenizer _tokenizer;
    private readonly bool _skipsSpecialTokens;
    private readonly IReadOnlySet<string>? _keptTokens;
    private readonly DecodingStage[] _stages;
    private readonly Action<string>[] _emitters;
    private readonly StringBuilder _text = new();

    internal StreamingDecoder(
        TextTokenizer tokenizer,
        DecodingStage[] stages,
        bool skipsSpecialTokens,
        IReadOnlySet<string>? keptTokens = null)
    {
        (_tokenizer, _stages, _skipsSpecialTokens) = (tokenizer, stages, skipsSpecialTokens);
        _keptTokens = keptTokens;
        _emitters = new Action<string>[stages.Length];
        for (var i = stages.Length - 1; i >= 0; i--)
        {
            var next = i + 1;
            _emitters[i] = next == stages.Length
                ? fragment => _text.Append(fragment)
                : fragment => _stages[next].Push(fragment, _emitters[next]);
        }
    }

    /// <summary>Takes the next id.</summary>
    /// <param name="id">A token id; one that the tokenizer does not have adds nothing.</param>
    /// <returns>The text that has become certain with it; often empty, never a broken character.</returns>
    public string Append(int id)
    {
        Push(id);
        return Take();
    }

    /// <summary>Ends the stream.</summary>
    /// <returns>What was still held back; bytes that never became a character come as U+FFFD.</returns>
    public string Flush()
    {
        for (var i = 0; i < _stages.Length; i++)
        {
            _stages[i].Flush(_emitters[i]);
        }

        return Take();
    }

    internal void Push(int id)
    {
        if (_tokenizer.TokenText(id) is { } piece && !IsSkipped(piece))
        {
            if (_stages.Length == 0)
            {
                _text.Append(piece);
            }
            else
            {
                _stages[0].Push(piece, _emitters[0]);
            }
        }
    }

    private bool IsSkipped(string piece) =>
        _skipsSpecialTokens && _tokenizer.IsSpecial(piece) && _keptTokens?.Contains(piece) is not true;

    private string Take()
    {
        var text = _text.ToString();
        _text.Clear();
        return text;
    }
}
