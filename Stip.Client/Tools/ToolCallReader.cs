using System.Text;
using Stip.Client.Generation;

namespace Stip.Client.Tools;

/// <summary>
/// Tells tool calls from text in one answer as it comes. What only looks like a call is given out as text.
/// </summary>
/// <remarks>For one answer and one thread.</remarks>
public sealed class ToolCallReader
{
    private readonly ToolDialect _dialect;
    private readonly ToolCallText _calls;
    private readonly IReadOnlyList<ToolMark> _marks;
    private readonly StringBuilder _held = new();
    private readonly bool _allowsSeveral;
    private Place _place = Place.Start;
    private ToolMark? _mark;
    private bool _hasCalled;

    // Held characters that the prompt ended with: no text of the answer.
    private int _lent;

    internal ToolCallReader(ToolForm form, IReadOnlyCollection<ToolFunction> functions, bool allowsSeveral = true)
    {
        _allowsSeveral = allowsSeveral;
        (_dialect, _marks, _calls) = (form.Dialect, form.Marks, new ToolCallText(form.Dialect, functions));
        _held.Append(form.Opening);
        _lent = form.Opening.Length;
    }

    private enum Place
    {
        /// <summary>Nothing came yet, or white space after a call.</summary>
        Start,
        Text,

        /// <summary>Behind a begin mark that has an end mark.</summary>
        Block,

        /// <summary>What may be a call up to the end of the answer.</summary>
        Rest,
    }

    /// <summary>True once the only call that is allowed was made: nothing that comes later counts.</summary>
    public bool IsComplete => _hasCalled && !_allowsSeveral;

    /// <summary>Takes the text of a token, and all that was held back where the answer ends with it.</summary>
    /// <param name="token">The next one.</param>
    /// <param name="ending">Why the answer ends here; what a model would say after the only call that is allowed is not
    /// waited for. Null where it goes on.</param>
    public ToolText Append(GeneratedToken token, out FinishReason? ending)
    {
        var part = Append(token.Text);
        ending = IsComplete ? FinishReason.Stop : token.FinishReason;
        var rest = ending is null ? new ToolText("", []) : Finish();
        return new ToolText(part.Text + rest.Text, [.. part.Calls, .. rest.Calls]);
    }

    /// <summary>Takes text.</summary>
    /// <param name="text">The answer's next piece, of any length.</param>
    /// <returns>What is certain of it; a text may come later than it was given.</returns>
    public ToolText Append(string text)
    {
        var (certain, calls) = (new StringBuilder(), new List<ToolCall>());
        _held.Append(text);
        while (!IsComplete && Advance(certain, calls))
        {
        }

        return new ToolText(certain.ToString(), calls);
    }

    /// <summary>Ends the answer.</summary>
    /// <returns>What was held back.</returns>
    public ToolText Finish()
    {
        var held = IsComplete ? "" : _held.ToString();
        _held.Clear();
        var calls = _place switch
        {
            Place.Block or Place.Rest => _calls.Read(_mark is { } mark ? mark.Inside(held) : held),
            _ => null,
        };
        var isText = calls is null && !(_hasCalled && string.IsNullOrWhiteSpace(held));
        return new ToolText(isText ? Own(held) : "", Allowed(calls ?? []));
    }

    private IReadOnlyList<ToolCall> Allowed(IReadOnlyList<ToolCall> calls) =>
        _allowsSeveral ? calls : [.. calls.Take(1)];

    /// <returns>True where more may be certain now.</returns>
    private bool Advance(StringBuilder certain, List<ToolCall> calls)
    {
        var held = _held.ToString();
        switch (_place)
        {
            case Place.Start when held.TrimStart() is { Length: > 0 } start && !IsPartOfMark(start):
                _mark = null;
                _place = ToolMarks.MayBeWhole(_dialect, start[0]) && !IsMark(start) ? Place.Rest : Place.Text;
                return _place == Place.Text;
            case Place.Text:
                return Release(held, certain);
            case Place.Block when held.IndexOf(_mark!.End!, StringComparison.Ordinal) is >= 0 and var end:
                TakeBlock(held, end, certain, calls);
                return true;
            default:
                return false;
        }
    }

    private bool IsMark(string start) => _marks.Any(mark => start.StartsWith(mark.Begin, StringComparison.Ordinal));

    private bool IsPartOfMark(string start) =>
        _marks.Any(mark =>
            start.Length < mark.Begin.Length && mark.Begin.StartsWith(start, StringComparison.Ordinal));

    private bool Release(string held, StringBuilder certain)
    {
        var (place, mark) = _marks
            .Select(mark => (Place: held.IndexOf(mark.Begin, StringComparison.Ordinal), Mark: (ToolMark?)mark))
            .Where(found => found.Place >= 0)
            .DefaultIfEmpty((Place: -1, Mark: null))
            .MinBy(found => found.Place);
        // It may be the beginning of a longer one.
        mark = mark is not null && _marks.Any(other => other.Begin.Length > mark.Begin.Length
            && other.Begin.StartsWith(held[place..], StringComparison.Ordinal)) ? null : mark;
        var end = place >= 0 ? place : held.Length - LongestBeginning(held);
        // White space before a call is no text.
        certain.Append(place >= 0 && held.AsSpan(0, end).IsWhiteSpace() ? "" : Own(held[..end]));
        _held.Remove(0, mark is { IsText: true } ? end + mark.Begin.Length : end);
        _lent = mark is { IsText: true } ? 0 : _lent;
        _mark = mark is { IsText: true } ? null : mark;
        _place = _mark is null ? Place.Text : _mark.End is null ? Place.Rest : Place.Block;
        return _place == Place.Block || mark is { IsText: true };
    }

    private string Own(string text)
    {
        var lent = Math.Min(_lent, text.Length);
        _lent -= lent;
        return text[lent..];
    }

    private void TakeBlock(string held, int end, StringBuilder certain, List<ToolCall> calls)
    {
        var length = end + _mark!.End!.Length;
        var found = _calls.Read(_mark.Inside(held[..length]));
        calls.AddRange(Allowed(found ?? []));
        _hasCalled |= found is not null;
        _lent = found is null ? _lent : Math.Max(0, _lent - length);
        certain.Append(found is null ? Own(held[..length]) : "");
        _held.Remove(0, length);
        _place = found is null ? Place.Text : Place.Start;
    }

    private int LongestBeginning(string text)
    {
        for (var length = Math.Min(_marks.Select(mark => mark.Begin.Length).DefaultIfEmpty().Max() - 1, text.Length);
            length > 0;
            length--)
        {
            if (_marks.Any(mark => length < mark.Begin.Length
                && text.EndsWith(mark.Begin[..length], StringComparison.Ordinal)))
            {
                return length;
            }
        }

        return 0;
    }
}
