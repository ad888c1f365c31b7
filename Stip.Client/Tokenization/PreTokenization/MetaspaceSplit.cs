using System.Text.Json;
using Stip.Client.Tokenization.Patterns;

namespace Stip.Client.Tokenization.PreTokenization;

/// <summary>
/// SentencePiece's spaces: each one a visible mark, one more in front, and pieces that begin with it.
/// </summary>
internal sealed class MetaspaceSplit : PreTokenizer
{
    private readonly string _mark;
    private readonly string _scheme;
    private readonly PatternSplit? _split;

    private MetaspaceSplit(string mark, string scheme, bool splits)
    {
        (_mark, _scheme) = (mark, scheme);
        _split = splits ? new PatternSplit(TextPattern.Literal(mark), SplitBehavior.MergedWithNext) : null;
    }

    public static MetaspaceSplit Read(JsonElement element) =>
        new(element.SingleChar("replacement").ToString(), Scheme(element), element.Flag("split", true));

    /// <summary>"always", "first" or "never"; older files say add_prefix_space instead.</summary>
    public static string Scheme(JsonElement element)
    {
        var older = element.Flag("add_prefix_space", true) ? "always" : "never";
        var scheme = element.OptionalText("prepend_scheme") ?? older;
        return scheme is "always" or "first" or "never"
            ? scheme
            : throw new InvalidDataException($"'prepend_scheme' is '{scheme}'; allowed are always, first and never");
    }

    public override IEnumerable<Piece> Split(Piece piece)
    {
        var text = piece.Text.Replace(" ", _mark, StringComparison.Ordinal);
        var wanted = _scheme == "always" || (_scheme == "first" && piece.OpensText);
        if (wanted && !text.StartsWith(_mark, StringComparison.Ordinal))
        {
            text = _mark + text;
        }

        var marked = piece with { Text = text };
        return _split is null ? [marked] : _split.Split(marked);
    }
}
