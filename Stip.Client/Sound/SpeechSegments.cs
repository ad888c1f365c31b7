using Stip.Client.Generation;

namespace Stip.Client.Sound;

/// <summary>Parts an answer at its times.</summary>
/// <param name="times">Their tokens.</param>
/// <param name="step">How much later each is than the one before.</param>
/// <param name="textOf">Text of tokens.</param>
internal sealed class SpeechSegments(SpeechTimes times, TimeSpan step, Func<IEnumerable<int>, string> textOf)
{
    /// <param name="tokens">The answer, without its end.</param>
    /// <param name="start">Of the window.</param>
    /// <param name="end">Of the window: no time is later.</param>
    public IReadOnlyList<TranscribedSegment> Of(
        IReadOnlyList<GeneratedToken> tokens, TimeSpan start, TimeSpan end)
    {
        var (segments, own, from) = (new List<TranscribedSegment>(), new List<GeneratedToken>(), start);
        foreach (var token in tokens)
        {
            if (token.Id < times.FirstId)
            {
                own.Add(token);
                continue;
            }

            var time = start + step * (token.Id - times.FirstId);
            time = time < end ? time : end;
            Add(time);
            from = time;
        }

        Add(end);
        return segments;

        void Add(TimeSpan to)
        {
            if (own.Count > 0)
            {
                int[] ids = [.. own.Select(token => token.Id)];
                segments.Add(new TranscribedSegment(
                    from, to, textOf(ids), ids, own.Average(token => token.Logprobs!.Chosen.Logprob)));
                own.Clear();
            }
        }
    }
}
