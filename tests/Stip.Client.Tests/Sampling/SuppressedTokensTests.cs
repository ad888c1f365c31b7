using Stip.Client.Sampling;
using Stip.Keys.Bundles;

namespace Stip.Client.Tests.Sampling;

public sealed class SuppressedTokensTests
{
    private static readonly SequenceManifest Settings = new(8, 0)
    {
        SuppressTokens = [3],
        BeginSuppressTokens = [5, 3],
        MinLength = 4,
    };

    // The decoder begins with two tokens, so that end token 7 may be the fifth.
    [Fact]
    public void Allows_FromTokenToToken_RulesOutWhatTheSettingsDo()
    {
        var suppressed = new SuppressedTokens(Settings, endIds: [7], startLength: 2, other: null);

        foreach (var expected in new bool[][] { [false, false, false], [false, true, false], [false, true, true] })
        {
            Assert.Equal(expected, new[] { 3, 5, 7 }.Select(suppressed.Allows));
            Assert.Equal(expected.Count(allowed => !allowed), suppressed.Count);
            Assert.True(suppressed.Allows(8));
            suppressed.Accept();
        }
    }

    [Fact]
    public void Allows_BesideAnotherFilter_AllowsWhatBothDoAndLetsItEnd()
    {
        var suppressed = new SuppressedTokens(
            Settings, [7], 2, new SuppressedTokens(Settings with { SuppressTokens = [9] }, [], 2, other: null));

        Assert.Equal([false, false, true, true, false], new[] { 3, 5, 7, 8, 9 }.Select(suppressed.Allows));
        Assert.Null(suppressed.Count);
    }

    [Fact]
    public void Has_OfSettings_IsTrueWhereTheyRuleOutAnything()
    {
        var none = new SequenceManifest(8, 0);

        Assert.Equal([false, false, true, true, true], new[]
        {
            null, none, none with { SuppressTokens = [1] }, none with { BeginSuppressTokens = [1] },
            none with { MinLength = 3 },
        }.Select(SuppressedTokens.Has));
    }
}
