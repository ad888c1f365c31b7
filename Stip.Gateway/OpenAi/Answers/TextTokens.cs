using Stip.Client.Generation;
using Stip.Client.Tools;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>Which tokens of an answer are its text, where others become calls: log probabilities are of the text alone.
/// </summary>
internal sealed class TextTokens
{
    private readonly Queue<GeneratedToken> _undecided = new();

    // Characters of the first of them that came out.
    private int _came;
    private bool _hasCalls;

    /// <summary>Those that came out as text with this token.</summary>
    /// <param name="token">As it was generated.</param>
    /// <param name="part">What became certain with it.</param>
    /// <param name="isLast">Whether the answer ends with it.</param>
    public IReadOnlyList<GeneratedToken> Add(GeneratedToken token, ToolText part, bool isLast)
    {
        _undecided.Enqueue(token);
        var text = part.Text.Length > 0 ? Take(part.Text.Length) : [];
        if (part.Calls.Count > 0)
        {
            _hasCalls = true;
            _undecided.Clear();
            _came = 0;
        }

        // What ends an answer is often no text.
        return isLast && !_hasCalls ? [.. text, .. _undecided] : text;
    }

    // A token that came out in part waits for its end.
    private List<GeneratedToken> Take(int characters)
    {
        var taken = new List<GeneratedToken>();
        var left = characters + _came;
        while (_undecided.TryPeek(out var first) && first.Text.Length <= left)
        {
            left -= first.Text.Length;
            taken.Add(_undecided.Dequeue());
        }

        _came = left;
        return taken;
    }
}
