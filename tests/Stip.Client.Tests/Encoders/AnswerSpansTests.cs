using Stip.Client.Encoders;

namespace Stip.Client.Tests.Encoders;

public sealed class AnswerSpansTests
{
    private const int First = 3; // [CLS] question [SEP]
    private const int Count = 40;
    private const float Rounding = 1e-6f; // of a sum of 41 numbers in float32

    [Theory]
    [InlineData(1, 15)]
    [InlineData(5, 3)]
    [InlineData(1000, 1)]
    public void Best_OfRandomLogits_AreThoseOfEveryPairInTurn(int topK, int longest)
    {
        var random = new Random(7);
        float[] starts = [.. Enumerable.Range(0, First + Count + 2).Select(_ => random.NextSingle() * 6)];
        float[] ends = [.. Enumerable.Range(0, First + Count + 2).Select(_ => random.NextSingle() * 6)];

        var (spans, none) = AnswerSpans.Best(
            starts, ends, First, Count, new AnswerSearch { TopK = topK, MaxAnswerLength = longest });

        // As transformers' pipeline: question, [SEP] and padding have no share in the softmax, the first token has.
        var places = Enumerable.Range(First, Count).Prepend(0).ToArray();
        var (startSum, endSum) = (places.Sum(place => Math.Exp(starts[place])), places.Sum(p => Math.Exp(ends[p])));
        var expected = (
            from start in Enumerable.Range(0, Count)
            from end in Enumerable.Range(start, Math.Min(longest, Count - start))
            let score = Math.Exp(starts[First + start]) / startSum * (Math.Exp(ends[First + end]) / endSum)
            orderby score descending
            select (start, end, score)).Take(topK).ToArray();
        Assert.Equal(expected.Select(span => (span.start, span.end)), spans.Select(span => (span.Start, span.End)));
        Assert.All(expected.Zip(spans), pair => Assert.Equal((float)pair.First.score, pair.Second.Score, Rounding));
        Assert.Equal((float)(Math.Exp(starts[0] + ends[0]) / startSum / endSum), none, Rounding);
    }

    [Theory]
    [InlineData(5, 5, 2, "0+5")]
    [InlineData(12, 5, 2, "0+5 3+5 6+5 9+3")]
    [InlineData(11, 5, 2, "0+5 3+5 6+5")]
    [InlineData(3, 1, 128, "0+1 1+1 2+1")]
    [InlineData(0, 5, 2, "")]
    public void Windows_OfAText_CoverItAndOverlap(int tokens, int room, int overlap, string expected) =>
        Assert.Equal(
            expected,
            string.Join(' ', ContextWindows.Of(tokens, room, overlap).Select(part => $"{part.Start}+{part.Count}")));

    [Theory]
    [InlineData("the Unfoxlike Fox", 6, 9, "Unfoxlike")]
    [InlineData("Élise's crow", 1, 3, "Élise")]
    [InlineData("a fox, a crow", 2, 6, "fox,")]
    [InlineData("狐と烏", 1, 2, "と")]
    [InlineData("in 1984.", 4, 5, "1984")]
    public void Answer_OfAPieceOfAWord_IsTheWord(string text, int start, int end, string expected)
    {
        var (from, to) = WholeWords.Around(text, start, end);
        Assert.Equal(expected, text[from..to]);
    }
}
