using System.Numerics.Tensors;

namespace Stip.Client.Encoders;

/// <summary>The likeliest spans of one window of a text: a beginning, an end not before it, both in the text.</summary>
internal static class AnswerSpans
{
    /// <param name="starts">Logits of each token as a beginning, <c>[seq]</c>.</param>
    /// <param name="ends">The same as an end.</param>
    /// <param name="first">First token of the text; the question and special tokens stand before it.</param>
    /// <param name="count">Its tokens.</param>
    /// <param name="options">How many and how long.</param>
    /// <returns>The best first, their places counted from <paramref name="first"/>; and the probability that there is
    /// no answer, for which the first token of all stands.</returns>
    public static (IReadOnlyList<(int Start, int End, float Score)> Spans, float None) Best(
        ReadOnlySpan<float> starts, ReadOnlySpan<float> ends, int first, int count, AnswerSearch options)
    {
        var (noStart, start) = Probabilities(starts, first, count);
        var (noEnd, end) = Probabilities(ends, first, count);
        var best = new PriorityQueue<(int Start, int End, float Score), float>();
        for (var from = 0; from < count; from++)
        {
            for (var to = from; to < Math.Min(count, from + options.MaxAnswerLength); to++)
            {
                var score = start[from] * end[to];
                if (best.Count < options.TopK)
                {
                    best.Enqueue((from, to, score), score);
                }
                else if (score > best.Peek().Score)
                {
                    best.DequeueEnqueue((from, to, score), score);
                }
            }
        }

        return ([.. best.UnorderedItems.Select(item => item.Element).OrderByDescending(span => span.Score)
            .ThenBy(span => span.Start).ThenBy(span => span.End)], noStart * noEnd);
    }

    // Over the text and the first token, which says that there is none.
    private static (float None, float[] Text) Probabilities(ReadOnlySpan<float> logits, int first, int count)
    {
        float[] taken = [logits[0], .. logits.Slice(first, count)];
        TensorPrimitives.SoftMax(taken, taken);
        return (taken[0], taken[1..]);
    }
}
