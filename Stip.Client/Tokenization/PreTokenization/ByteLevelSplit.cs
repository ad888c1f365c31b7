using System.Text.RegularExpressions;
using Stip.Client.Tokenization.Patterns;

namespace Stip.Client.Tokenization.PreTokenization;

/// <summary>GPT-2's splitting, then every byte as one character of <see cref="ByteAlphabet"/>.</summary>
internal sealed partial class ByteLevelSplit(bool addsPrefixSpace, bool splits) : PreTokenizer
{
    private static readonly TextPattern Words = TextPattern.Expression(WordPattern());

    public override IEnumerable<Piece> Split(Piece piece)
    {
        var text = addsPrefixSpace && !piece.Text.StartsWith(' ') ? $" {piece.Text}" : piece.Text;
        if (!splits)
        {
            yield return piece with { Text = ByteAlphabet.Encode(text) };
            yield break;
        }

        foreach (var span in Words.Split(text))
        {
            yield return new Piece(
                ByteAlphabet.Encode(text.AsSpan(span.Start, span.Length)), piece.OpensText && span.Start == 0);
        }
    }

    [GeneratedRegex(
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    private static partial Regex WordPattern();
}
