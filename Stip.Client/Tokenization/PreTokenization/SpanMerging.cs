namespace Stip.Client.Tokenization.PreTokenization;

/// <summary>Turns matches and gaps into pieces, as the behaviour asks.</summary>
internal static class SpanMerging
{
    public static List<TextSpan> Apply(this SplitBehavior behavior, List<TextSpan> spans) => behavior switch
    {
        SplitBehavior.Removed => [.. spans.Where(span => !span.IsMatch)],
        SplitBehavior.Isolated => spans,
        SplitBehavior.Contiguous => Join(spans, (span, previous) => span.IsMatch == previous),
        SplitBehavior.MergedWithPrevious => Join(spans, (span, previous) => span.IsMatch && !previous),
        SplitBehavior.MergedWithNext => JoinBackwards(spans),
        _ => throw new ArgumentOutOfRangeException(nameof(behavior)),
    };

    public static SplitBehavior Read(string name) => Enum.TryParse<SplitBehavior>(name, out var behavior)
        ? behavior
        : throw new InvalidDataException(
            $"the split behavior '{name}' is not one of {string.Join(", ", Enum.GetNames<SplitBehavior>())}");

    private static List<TextSpan> Join(List<TextSpan> spans, Func<TextSpan, bool, bool> joins)
    {
        var joined = new List<TextSpan>();
        var previous = false;
        foreach (var span in spans)
        {
            if (joined.Count > 0 && joins(span, previous))
            {
                joined[^1] = joined[^1] with { End = span.End };
            }
            else
            {
                joined.Add(span);
            }

            previous = span.IsMatch;
        }

        return joined;
    }

    private static List<TextSpan> JoinBackwards(List<TextSpan> spans)
    {
        var joined = new List<TextSpan>();
        var previous = false;
        foreach (var span in Enumerable.Reverse(spans))
        {
            if (joined.Count > 0 && span.IsMatch && !previous)
            {
                joined[^1] = joined[^1] with { Start = span.Start };
            }
            else
            {
                joined.Add(span);
            }

            previous = span.IsMatch;
        }

        joined.Reverse();
        return joined;
    }
}
