namespace Stip.Client.Tokenization.Decoding;

/// <summary>Words of WordPiece set side by side, with the reference's tidying of spaces, piece by piece.</summary>
internal static class WordPieceText
{
    private static readonly (string Untidy, string Tidy)[] Tidyings =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    public static string Join(string piece, string prefix, bool cleans, bool isFirst)
    {
        var text = isFirst ? piece
            : prefix.Length > 0 && piece.StartsWith(prefix, StringComparison.Ordinal) ? piece[prefix.Length..]
            : " " + piece;
        return cleans
            ? Tidyings.Aggregate(text, (now, tidying) =>
                now.Replace(tidying.Untidy, tidying.Tidy, StringComparison.Ordinal))
            : text;
    }
}
