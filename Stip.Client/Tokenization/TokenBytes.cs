using System.Globalization;
using System.Text;
using Stip.Client.Tokenization.PreTokenization;

namespace Stip.Client.Tokenization;

/// <summary>The bytes that a token stands for in the middle of a text.</summary>
internal static class TokenBytes
{
    /// <param name="tokenizer">Decodes pieces that are no bytes.</param>
    /// <param name="id">The token.</param>
    /// <param name="piece">As it stands in the vocabulary.</param>
    /// <param name="isByteLevel">Whether pieces are written in <see cref="ByteAlphabet"/>.</param>
    public static byte[] Of(TextTokenizer tokenizer, int id, string piece, bool isByteLevel)
    {
        if (isByteLevel && piece.All(character => ByteAlphabet.Byte(character) >= 0))
        {
            return [.. piece.Select(character => (byte)ByteAlphabet.Byte(character))];
        }

        if (!isByteLevel && piece is ['<', '0', 'x', _, _, '>']
            && byte.TryParse(
                piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            return [value];
        }

        // The first piece of a text may lose its space; the second does not.
        var once = tokenizer.Decode([id], skipSpecialTokens: false);
        var twice = tokenizer.Decode([id, id], skipSpecialTokens: false);
        return Encoding.UTF8.GetBytes(twice[once.Length..]);
    }
}
