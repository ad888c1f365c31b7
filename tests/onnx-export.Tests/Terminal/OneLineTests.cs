using Stip.Export.Terminal;

namespace Stip.Export.Tests.Terminal;

public sealed class OneLineTests
{
    [Theory]
    [InlineData("node 'layers.0' – ключ", "node 'layers.0' – ключ")]
    [InlineData("a\r\nb\nc", "a b c")]
    [InlineData("\u001b[2Jgone\a", "?[2Jgone?")]
    [InlineData("a\u202Egnp.exe", "a?gnp.exe")]
    public void Of_ATextOfAStranger_SteersNothing(string text, string expected) =>
        Assert.Equal(expected, OneLine.Of(text));
}
