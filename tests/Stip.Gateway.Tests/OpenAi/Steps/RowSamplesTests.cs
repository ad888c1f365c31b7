using Stip.Gateway.OpenAi.Steps;

namespace Stip.Gateway.Tests.OpenAi.Steps;

public sealed class RowSamplesTests
{
    [Theory]
    [InlineData(8)]
    [InlineData(256)]
    [InlineData(600)]
    public void TheSame_OfARowAndItsTruth_IsTheSampleThatIsShownInTheTruesOrder(int width)
    {
        var random = new Random(5);
        // Numbers of few bits, so that some are there several times.
        var truth = Enumerable.Range(0, width).Select(_ => random.Next(-100, 100) / 8f).ToArray();
        var sent = truth.ToArray();
        random.Shuffle(sent);

        var same = RowSamples.TheSame(sent, truth);

        Assert.Equal(sent.Take(256).Order(), same.Order());
        var from = 0;
        foreach (var number in same)
        {
            from = Array.IndexOf(truth, number, from) + 1;
            Assert.NotEqual(0, from);
        }
    }
}
