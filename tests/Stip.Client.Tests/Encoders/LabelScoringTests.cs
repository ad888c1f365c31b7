using Stip.Client.Encoders;

namespace Stip.Client.Tests.Encoders;

public sealed class LabelScoringTests
{
    private const float Rounding = 1e-6f; // of an exponential and a quotient in float32

    [Theory]
    [InlineData(null, 0.75f, 0.25f)]
    [InlineData("softmax", 0.75f, 0.25f)]
    [InlineData("sigmoid", 0.75f, 0.5f)]
    [InlineData("none", 1.0986123f, 0f)] // the logarithm of 3
    public void Of_ByName_GivesScores(string? name, float first, float second)
    {
        var scores = LabelScoring.Of(name)([1.0986123f, 0]);

        Assert.Equal(first, scores[0], Rounding);
        Assert.Equal(second, scores[1], Rounding);
    }

    // A later exporter's: a softmax would be numbers that the model never meant.
    [Theory]
    [InlineData("ordinal")]
    [InlineData("")]
    public void Of_AnUnknownName_IsRefused(string name) => Assert.Equal(
        $"bundle.json: label_scores is '{name}'; this client knows softmax, sigmoid and none",
        Assert.Throws<StipException>(() => LabelScoring.Of(name)).Message);
}
