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
    private readonly ToolCallJson _json;
    private readonly string[] _begins;
    private readonly StringBuilder _held = new();
    private readonly bool _allowsSeveral;
    private Place _place = Place.Start;
    private bool _hasCalled;

    internal ToolCallReader(
        ToolDialect dialect, IReadOnlyCollection<string> functions, bool allowsSeveral = true)
    {
        _allowsSeveral = allowsSeveral;
        (_dialect, _json) = (dialect, new ToolCallJson(dialect, functions));
        _begins = ToolMarks.Begins(dialect);
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
            Place.Block => _json.Read(held[ToolMarks.BeginBlock.Length..]),
            Place.Rest => _json.Read(WithoutMark(held)),
            _ => null,
        };
        var isText = calls is null && !(_hasCalled && string.IsNullOrWhiteSpace(held));
        return new ToolText(isText ? held : "", Allowed(calls ?? []));
    }

    private IReadOnlyList<ToolCall> Allowed(IReadOnlyList<ToolCall> calls) =>
        _allowsSeveral ? calls : [.. calls.Take(1)];

    private static string WithoutMark(string held) =>
        held.StartsWith(ToolMarks.BeginList, StringComparison.Ordinal) ? held[ToolMarks.BeginList.Length..] : held;

    /// <returns>True where more may be certain now.</returns>
    private bool Advance(StringBuilder certain, List<ToolCall> calls)
    {
        var held = _held.ToString();
        switch (_place)
        {
            case Place.Start when held.TrimStart() is { Length: > 0 } start && !IsPartOfMark(start):
                _place = ToolMarks.MayBeWhole(_dialect, start[0]) && !IsMark(start) ? Place.Rest : Place.Text;
                return _place == Place.Text;
            case Place.Text:
                return Release(held, certain);
            case Place.Block when held.IndexOf(ToolMarks.EndBlock, StringComparison.Ordinal) is >= 0 and var end:
                TakeBlock(held, end, certain, calls);
                return true;
            default:
                return false;
        }
    }

    private bool IsMark(string start) => _begins.Any(begin => start.StartsWith(begin, StringComparison.Ordinal));

    private bool IsPartOfMark(string start) =>
        _begins.Any(begin => start.Length < begin.Length && begin.StartsWith(start, StringComparison.Ordinal));

    private bool Release(string held, StringBuilder certain)
    {
        var (place, mark) = _begins
            .Select(begin => (Place: held.IndexOf(begin, StringComparison.Ordinal), Mark: begin))
            .Where(found => found.Place >= 0)
            .DefaultIfEmpty((Place: -1, Mark: ""))
            .MinBy(found => found.Place);
        var end = place >= 0 ? place : held.Length - LongestBeginning(held);
        // White space before a call is no text.
        certain.Append(place >= 0 && held.AsSpan(0, end).IsWhiteSpace() ? "" : held[..end]);
        _held.Remove(0, end);
        _place = place < 0 ? Place.Text : mark == ToolMarks.BeginBlock ? Place.Block : Place.Rest;
        return _place == Place.Block;
    }

    private void TakeBlock(string held, int end, StringBuilder certain, List<ToolCall> calls)
    {
        var found = _json.Read(held[ToolMarks.BeginBlock.Length..end]);
        var length = end + ToolMarks.EndBlock.Length;
        calls.AddRange(Allowed(found ?? []));
        _hasCalled |= found is not null;
        certain.Append(found is null ? held[..length] : "");
        _held.Remove(0, length);
        _place = found is null ? Place.Text : Place.Start;
    }

    private int LongestBeginning(string text)
    {
        for (var length = Math.Min(_begins.Select(begin => begin.Length).DefaultIfEmpty().Max() - 1, text.Length);
            length > 0;
            length--)
        {
            if (_begins.Any(begin => length < begin.Length && text.EndsWith(begin[..length], StringComparison.Ordinal)))
            {
                return length;
            }
        }

        return 0;
    }
}
