using System.Globalization;
using System.Text;
using Stip.Client.Tokenization.Normalization;

namespace Stip.Client.Tokenization;

/// <summary>
/// Where in a text its tokens stand. Pieces and text are compared without case, accents and spaces, which tokenizers
/// take away; what then still differs (an unknown token) reaches to the end of its word.
/// </summary>
internal sealed class TokenPlaces
{
    private const char Replacement = '\uFFFD';
    private const int LongestCharacter = 4;
    private readonly TextTokenizer _tokenizer;
    private readonly string _text;
    private readonly StringBuilder _folded = new();
    private readonly List<int> _origins = []; // of each folded character, in the text
    private int _at;

    private TokenPlaces(TextTokenizer tokenizer, string text)
    {
        (_tokenizer, _text) = (tokenizer, text);
        for (var index = 0; index < text.Length; index++)
        {
            var length = char.IsSurrogatePair(text, index) ? 2 : 1;
            foreach (var folded in Fold(text.Substring(index, length)))
            {
                _folded.Append(folded);
                _origins.Add(index);
            }

            index += length - 1;
        }
    }

    /// <summary>The part of the text of each token; null for special ones and those that stand for nothing.</summary>
    /// <param name="tokenizer">That gave the ids.</param>
    /// <param name="text">The text.</param>
    /// <param name="ids">Its ids.</param>
    public static IReadOnlyList<(int Start, int End)?> Of(
        TextTokenizer tokenizer, string text, IReadOnlyList<int> ids)
    {
        var places = new TokenPlaces(tokenizer, text);
        var found = new (int Start, int End)?[ids.Count];
        for (var i = 0; i < found.Length; i++)
        {
            // The index moves on with the tokens that share the place.
            var place = places.Next(ids, ref i, found);
            found[i] = place;
        }

        return found;
    }

    // Bytes of one character may be several tokens: they share its place.
    private (int Start, int End)? Next(IReadOnlyList<int> ids, ref int index, (int Start, int End)?[] found)
    {
        if (_tokenizer.IsSpecial(ids[index]))
        {
            return Special(_tokenizer.TokenText(ids[index])!);
        }

        var (first, bytes) = (index, new List<byte>(_tokenizer.TokenBytes(ids[index])));
        while (IsCut(bytes) && index + 1 < ids.Count && !_tokenizer.IsSpecial(ids[index + 1]))
        {
            bytes.AddRange(_tokenizer.TokenBytes(ids[++index]));
        }

        var place = Match(Fold(Encoding.UTF8.GetString([.. bytes])));
        Array.Fill(found, place, first, index - first);
        return place;
    }

    // Written in the text as it is, or put around it.
    private (int Start, int End)? Special(string piece)
    {
        var folded = Fold(piece);
        return piece is "[UNK]" or "<unk>" ? Word()
            : folded.Length > 0 && _at + folded.Length <= _folded.Length
                && _folded.ToString(_at, folded.Length) == folded
                ? Take(_at, folded.Length)
                : null;
    }

    private (int Start, int End)? Match(string piece)
    {
        if (piece.Length == 0 || _at >= _origins.Count)
        {
            return null;
        }

        // Not far: what a normaliser threw away is passed over, another word that looks like this one is not.
        var window = _folded.ToString(_at, Math.Min(piece.Length + 4, _folded.Length - _at));
        var skipped = window.IndexOf(piece, StringComparison.Ordinal);
        return skipped < 0 ? Word() : Take(_at + skipped, piece.Length);
    }

    // To the next space or mark of punctuation.
    private (int Start, int End)? Word()
    {
        if (_at >= _origins.Count)
        {
            return null;
        }

        var end = _at + 1;
        while (end < _origins.Count && _origins[end] - _origins[end - 1] <= 1 && !IsMark(end) && !IsMark(end - 1))
        {
            end++;
        }

        return Take(_at, end - _at);
    }

    private (int Start, int End) Take(int start, int count)
    {
        _at = start + count;
        var last = _origins[_at - 1];
        return (_origins[start], last + (char.IsSurrogatePair(_text, last) ? 2 : 1));
    }

    private bool IsMark(int folded) => char.IsPunctuation(_folded[folded]);

    // The last character has begun, and has fewer bytes than the longest.
    private static bool IsCut(List<byte> bytes) =>
        Encoding.UTF8.GetString([.. bytes]) is [.., Replacement]
        && bytes.Count - bytes.FindLastIndex(value => (value & 0xC0) != 0x80) < LongestCharacter;

    private static string Fold(string text) => string.Concat(
        TextCases.Lower(UnicodeForms.Normalize(text, NormalizationForm.FormKD)).Where(character =>
            !char.IsWhiteSpace(character) && !char.IsControl(character) && character != '\u2581'
            && CharUnicodeInfo.GetUnicodeCategory(character) != UnicodeCategory.NonSpacingMark));
}
