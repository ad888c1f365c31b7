using Stip.Client.Sampling;

namespace Stip.Client.Tests.Sampling;

public sealed class StopStringMatcherTests
{
    [Theory]
    [InlineData("one END two", "one ", "END", "END")]
    [InlineData("one EN two", "one EN two", null, "END")]
    [InlineData("aab", "", "aab", "aab", "ab")]
    [InlineData("xaab", "x", "aab", "ab", "aab")]
    [InlineData("xabcd", "xa", "b", "abcd", "b")]
    [InlineData("aaab", "a", "aab", "aab")]
    [InlineData("ababac", "ab", "abac", "abac")]
    [InlineData("text", "text", null)]
    [InlineData("🦊END", "🦊", "END", "END")]
    public void Append_CutAnywhere_GivesTheSame(string text, string shown, string? matched, params string[] stops)
    {
        foreach (var size in new[] { 1, 2, 3, text.Length })
        {
            var matcher = new StopStringMatcher(stops);
            var emitted = string.Concat(text.Chunk(size).Select(part => matcher.Append(new string(part))));
            Assert.Equal((shown, matched), (emitted + matcher.Flush(), matcher.Matched));
        }
    }

    [Fact]
    public void Append_PossibleBeginning_IsHeldBackAndNoMore()
    {
        var matcher = new StopStringMatcher(["\n\nUser:"]);
        Assert.Equal("Hi", matcher.Append("Hi\n"));
        Assert.Equal("", matcher.Append("\n"));
        Assert.Equal("\n", matcher.Append("\nUs"));
        Assert.Equal("\n\nUsx", matcher.Append("x"));
        Assert.Equal("", matcher.Append("\n\nUser: more"));
        Assert.Equal("\n\nUser:", matcher.Matched);
        Assert.Equal("", matcher.Append("ignored") + matcher.Flush());
    }

    [Fact]
    public void Flush_HeldText_ComesOut()
    {
        var matcher = new StopStringMatcher(["END"]);
        Assert.Equal("x", matcher.Append("xEN"));
        Assert.Equal("EN", matcher.Flush());
        Assert.Null(matcher.Matched);
    }

    [Fact]
    public void Create_EmptyStopString_IsRefused() =>
        Assert.Throws<ArgumentException>(() => new StopStringMatcher(["a", ""]));
}
