using System.Text.Json;

namespace Stip.Client.Tokenization.Models;

/// <summary>
/// WordPiece: the longest piece first, from the left. Written here because Microsoft.ML.Tokenizers counts the longest
/// word in UTF-16 units, not characters, and takes its vocabulary as lines without gaps between the ids.
/// </summary>
internal sealed class WordPieceModel : TokenModel
{
    private readonly string _prefix;
    private readonly int _longestWord;
    private readonly int _unknownId;

    private WordPieceModel(Vocabulary vocabulary, string prefix, int longestWord, int unknownId)
        : base(vocabulary) => (_prefix, _longestWord, _unknownId) = (prefix, longestWord, unknownId);

    public static WordPieceModel Read(JsonElement model, Vocabulary vocabulary)
    {
        var unknown = vocabulary.Id(model.Text("unk_token"))
            ?? throw new InvalidDataException("the unknown token is not in the vocabulary");
        return new WordPieceModel(
            vocabulary,
            model.OptionalText("continuing_subword_prefix") ?? "##",
            model.Count("max_input_chars_per_word", 100),
            unknown);
    }

    public override void Encode(string piece, List<int> ids)
    {
        var before = ids.Count;
        if (IsTooLong(piece) || !TrySplit(piece, ids))
        {
            ids.RemoveRange(before, ids.Count - before);
            ids.Add(_unknownId);
        }
    }

    private bool IsTooLong(string piece) =>
        piece.Length > _longestWord && piece.EnumerateRunes().Count() > _longestWord;

    private bool TrySplit(string piece, List<int> ids)
    {
        Span<char> buffer = new char[_prefix.Length + piece.Length];
        _prefix.CopyTo(buffer);
        for (var start = 0; start < piece.Length;)
        {
            var prefixLength = start > 0 ? _prefix.Length : 0;
            var candidate = buffer[(_prefix.Length - prefixLength)..];
            var length = piece.Length - start;
            piece.AsSpan(start, length).CopyTo(candidate[prefixLength..]);
            while (length > 0 && Vocabulary.Id(candidate[..(prefixLength + length)]) is null)
            {
                length--;
            }

            if (length == 0)
            {
                return false;
            }

            ids.Add(Vocabulary.Id(candidate[..(prefixLength + length)])!.Value);
            start += length;
        }

        return true;
    }
}
