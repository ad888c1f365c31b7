using System.Text;

namespace Stip.Client.Tokenization.PreTokenization;

/// <summary>Splits at every character of a class.</summary>
internal sealed class CharacterSplit(Func<Rune, bool> matches, SplitBehavior behavior) : PreTokenizer
{
    public override IEnumerable<Piece> Split(Piece piece)
    {
        foreach (var span in behavior.Apply(Spans(piece.Text)))
        {
            yield return new Piece(
                piece.Text.Substring(span.Start, span.Length), piece.OpensText && span.Start == 0);
        }
    }

    private List<TextSpan> Spans(string text)
    {
        var spans = new List<TextSpan>();
        var (gap, at) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            var end = at + rune.Utf16SequenceLength;
            if (matches(rune))
            {
                AddGap(spans, gap, at);
                spans.Add(new TextSpan(at, end, true));
                gap = end;
            }

            at = end;
        }

        AddGap(spans, gap, at);
        return spans;
    }

    private static void AddGap(List<TextSpan> spans, int start, int end)
    {
        if (start < end)
        {
            spans.Add(new TextSpan(start, end, false));
        }
    }
}
