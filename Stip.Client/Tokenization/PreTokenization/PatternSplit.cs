using Stip.Client.Tokenization.Patterns;

namespace Stip.Client.Tokenization.PreTokenization;

/// <summary>Splits where a pattern matches.</summary>
internal sealed class PatternSplit(TextPattern pattern, SplitBehavior behavior, bool inverted = false) : PreTokenizer
{
    public override IEnumerable<Piece> Split(Piece piece)
    {
        var spans = pattern.Split(piece.Text);
        if (inverted)
        {
            spans = [.. spans.Select(span => span with { IsMatch = !span.IsMatch })];
        }

        foreach (var span in behavior.Apply(spans))
        {
            yield return new Piece(
                piece.Text.Substring(span.Start, span.Length), piece.OpensText && span.Start == 0);
        }
    }
}
