using System.Text.RegularExpressions;
using Stip.Client.Tokenization.Patterns;

namespace Stip.Client.Tests.Tokenization.Patterns;

public sealed class OnigurumaSyntaxTests
{
    [Theory]
    [InlineData("[a-z\U00010400-\U0001044F]+", "[a-z]+")]
    [InlineData("[\U00010400b]", "[b]")]
    public void Translate_ClassWithLettersBeyondTheBasicPlane_LeavesThemOut(string pattern, string expected)
    {
        var translated = OnigurumaSyntax.Translate(pattern);

        Assert.Equal(expected, translated);
        Assert.Matches(new Regex(translated), "ab");
    }
}
