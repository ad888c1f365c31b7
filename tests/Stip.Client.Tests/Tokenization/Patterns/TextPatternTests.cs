using Stip.Client.Tokenization.Patterns;

namespace Stip.Client.Tests.Tokenization.Patterns;

public sealed class TextPatternTests
{
    // Each of a million matches is found in far less than the limit, all of them are not.
    [Fact]
    public void Split_OfATextWithManyMatches_TakesNoLongerThanTheLimit()
    {
        var pattern = TextPattern.Expression("a+", TimeSpan.FromMilliseconds(1));
        var text = string.Concat(Enumerable.Repeat("a ", 1_000_000));

        var refused = Assert.Throws<InvalidDataException>(() => pattern.Split(text));

        Assert.Equal("a pattern of the tokenizer takes more than 0.001 s", refused.Message);
    }

    [Fact]
    public void Split_OfAText_GivesMatchesAndGaps() => Assert.Equal(
        [(0, 1, false), (1, 3, true), (3, 4, false)],
        TextPattern.Expression("a+").Split("baab").Select(span => (span.Start, span.End, span.IsMatch)));
}
