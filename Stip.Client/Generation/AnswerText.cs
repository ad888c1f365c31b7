using Stip.Client.Sampling;
using Stip.Client.Tokenization;

namespace Stip.Client.Generation;

/// <summary>The text of an answer as its tokens come: whole characters only, and nothing of a stop string.</summary>
internal sealed class AnswerText(
    TextTokenizer? tokenizer, IReadOnlyList<string> stopStrings, IReadOnlySet<string>? keptTokens = null)
{
    private readonly StreamingDecoder? _decoder = tokenizer?.CreateStream(keptTokens ?? new HashSet<string>());
    private readonly StopStringMatcher _stops = new(stopStrings);

    public bool HasStopped => _stops.Matched is not null;

    public string Append(int id) => _decoder is null ? "" : _stops.Append(_decoder.Append(id));

    /// <summary>What was held back, at the end.</summary>
    public string Flush() =>
        _decoder is null || HasStopped ? "" : _stops.Append(_decoder.Flush()) + (HasStopped ? "" : _stops.Flush());
}
