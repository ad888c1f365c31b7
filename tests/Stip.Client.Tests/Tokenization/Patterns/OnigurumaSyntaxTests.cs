using System.Text.RegularExpressions;
using Stip.Client.Tokenization.Patterns;

namespace Stip.Client.Tests.Tokenization.Patterns;

public sealed class OnigurumaSyntaxTests
{
    [Theory]
    [InlineData("[a-z\U00010400-\U0001044F]+", "[a-z]+")]
    [InlineData("[\U00010400b]", "[b]")]
    [InlineData("[-\U00010400b]", "[-b]")]
    [InlineData("[\U00010400b-]", "[b-]")]
    [InlineData("[\U00010400^b]", @"[\^b]")]
    [InlineData("[^\U00010400c]", "[^c]")]
    public void Translate_ClassWithLettersBeyondTheBasicPlane_LeavesThemOut(string pattern, string expected)
    {
        var translated = OnigurumaSyntax.Translate(pattern);

        Assert.Equal(expected, translated);
        Assert.Matches(new Regex(translated), "ab");
    }

    // Without what is left out, .NET would read another class, or none.
    [Theory]
    [InlineData("[\U0001F600]", "outside U+0000 to U+FFFF only")]
    [InlineData("[^\U0001F600-\U0001F64F]", "outside U+0000 to U+FFFF only")]
    [InlineData("a[\U0001F600\U0001F601]b]", "outside U+0000 to U+FFFF only")]
    [InlineData("[\u4E00-\U0001F600]", "a range into or out of")]
    [InlineData("[a\u4E00-\U0001F600b]", "a range into or out of")]
    [InlineData("[a\U0001F600-b]", "a range into or out of")]
    public void Translate_ClassThatIsAnotherWithoutThem_RefusesIt(string pattern, string reason) => Assert.Contains(
        reason,
        Assert.Throws<InvalidDataException>(() => OnigurumaSyntax.Translate(pattern)).Message,
        StringComparison.Ordinal);
}
