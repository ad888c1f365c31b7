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

    // DeepSeek's: the range means U+4E00 to U+9FA5 and none of the Chinese characters beyond U+FFFF.
    [Theory]
    [InlineData("[\u4E00-\u9FA5]+", "\u65E5\U00020000\u65E5", "0-1 3-4")]
    [InlineData("[\u3400-\u9FFF]+", " \U00026B74", "")]
    [InlineData("[\u4E00-\u9FFF\U00020000-\U0002A6DF]+", "\u65E5\U00020000\u65E5", "0-4")]
    [InlineData(@"\p{Han}+", "\u65E5\U00020000a\U0001F600", "0-3")]
    [InlineData(@"[^\p{P}]?\p{L}+", " \U00026B74.", "0-3")]
    public void Split_OfChineseBeyondTheFirstPlane_MatchesWhatThePatternNames(
        string pattern, string text, string matches) => Assert.Equal(
        matches,
        string.Join(' ', TextPattern.Expression(pattern).Split(text)
            .Where(span => span.IsMatch).Select(span => $"{span.Start}-{span.End}")));
}
