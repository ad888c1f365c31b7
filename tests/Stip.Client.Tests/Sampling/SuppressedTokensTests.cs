using Stip.Client.Sampling;

namespace Stip.Client.Tests.Sampling;

public sealed class SuppressedTokensTests
{
    [Fact]
    public void Allows_BeforeAndAfterTheFirstToken_RulesOutWhatTheSettingsDo()
    {
        var suppressed = new SuppressedTokens([3], [5], other: null);

        Assert.Equal([false, false, true], new[] { 3, 5, 7 }.Select(suppressed.Allows));
        suppressed.Start();
        Assert.Equal([false, true, true], new[] { 3, 5, 7 }.Select(suppressed.Allows));
    }

    [Fact]
    public void Allows_BesideAnotherFilter_AllowsWhatBothDo()
    {
        var suppressed = new SuppressedTokens([3], [], new SuppressedTokens([7], [], other: null));

        Assert.Equal([false, true, false], new[] { 3, 5, 7 }.Select(suppressed.Allows));
    }
}
