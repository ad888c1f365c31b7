using Stip.Gateway.Commands;

namespace Stip.Gateway.Tests.Commands;

public sealed class PromptArgumentTests
{
    [Theory]
    [InlineData("Once upon a time\n", "Once upon a time")]
    [InlineData("Once upon a time\r\n", "Once upon a time")]
    [InlineData("Once upon a time", "Once upon a time")]
    [InlineData("Once\n\n", "Once\n")]
    [InlineData("\n", "")]
    public void WithoutLastLineEnd_TextOfStandardInput_IsWhatWasMeant(string given, string text) =>
        Assert.Equal(text, PromptArgument.WithoutLastLineEnd(given));
}
