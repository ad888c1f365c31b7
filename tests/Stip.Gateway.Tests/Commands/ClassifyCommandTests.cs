using Stip.Client.Encoders;
using Stip.Gateway.Commands;

namespace Stip.Gateway.Tests.Commands;

public sealed class ClassifyCommandTests
{
    [Theory]
    [InlineData(0.9731f, null, " 97.3 %  good")]
    [InlineData(0.9731f, "softmax", " 97.3 %  good")]
    [InlineData(0.9731f, "sigmoid", " 97.3 %  good")]
    [InlineData(3.27004f, "none", "   3.2700  good")] // a regression's number is no share
    [InlineData(-12.5f, "none", " -12.5000  good")]
    public void Line_OfALabel_SaysItsScoreAsWhatItIs(float score, string? scores, string expected) =>
        Assert.Equal(expected, ClassifyCommand.Line(new LabelScore(0, "good", score), scores));
}
