namespace Stip.Client.Sampling;

/// <summary>
/// Ends a streamed text before a stop string. Text that may yet become one is held back, also across fragments. The
/// stop string that is complete first wins; of two that end at the same place, the longer one.
/// </summary>
public sealed class StopStringMatcher
{
    private readonly string[] _stops;
    private string _held = string.Empty;

    /// <summary>Makes a matcher for one text.</summary>
    /// <param name="stopStrings">What ends the text; none lets everything pass.</param>
    /// <exception cref="ArgumentException">A stop string is empty.</exception>
    public StopStringMatcher(IEnumerable<string> stopStrings)
    {
        ArgumentNullException.ThrowIfNull(stopStrings);
        _stops = [.. stopStrings];
        if (Array.Exists(_stops, string.IsNullOrEmpty))
        {
            throw new ArgumentException("a stop string is empty; allowed is 1 character or more", nameof(stopStrings));
        }
    }

    /// <summary>The stop string that ended the text, or null while it goes on.</summary>
    public string? Matched { get; private set; }

    /// <summary>Takes the next fragment.</summary>
    /// <param name="fragment">Text as it was generated.</param>
    /// <returns>The text that is certain not to belong to a stop string; empty once one has matched.</returns>
    public string Append(string fragment)
    {
        ArgumentNullException.ThrowIfNull(fragment);
        if (Matched is not null)
        {
            return string.Empty;
        }

        var text = _held + fragment;
        if (FirstComplete(text) is var (start, stop))
        {
            (Matched, _held) = (stop, string.Empty);
            return text[..start];
        }

        var certain = text.Length - LongestBeginning(text);
        _held = text[certain..];
        return text[..certain];
    }

    /// <summary>Ends the text.</summary>
    /// <returns>What was held back and did not become a stop string.</returns>
    public string Flush()
    {
        var rest = _held;
        _held = string.Empty;
        return rest;
    }

    private (int Start, string Stop)? FirstComplete(string text)
    {
        (int Start, string Stop)? first = null;
        var firstEnd = int.MaxValue;
        foreach (var stop in _stops)
        {
            var start = text.IndexOf(stop, StringComparison.Ordinal);
            var end = start + stop.Length;
            if (start >= 0 && (end < firstEnd || (end == firstEnd && start < first!.Value.Start)))
            {
                (first, firstEnd) = ((start, stop), end);
            }
        }

        return first;
    }

    /// <summary>How many characters at the end may be the beginning of a stop string.</summary>
    private int LongestBeginning(string text)
    {
        var longest = 0;
        foreach (var stop in _stops)
        {
            for (var length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                }
            }
        }

        return longest;
    }
}
