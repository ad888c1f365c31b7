using Stip.Client.Generation;
using Stip.Client.Sampling;
using Stip.Client.Sound;

namespace Stip.Client.Tests.Sound;

public sealed class SpeechSegmentsTests
{
    private const int Time = 100;

    private static readonly TimeSpan Start = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan End = TimeSpan.FromSeconds(40);

    [Fact]
    public void Of_PairsOfTimes_AreWhereOnePartEndsAndTheNextBegins()
    {
        var segments = Of(Time, 1, 2, Time + 100, Time + 100, 3, Time + 250);

        Assert.Equal(
            [(30.0, 32.0, "1 2"), (32.0, 35.0, "3")],
            segments.Select(each => (each.Start.TotalSeconds, each.End.TotalSeconds, each.Text)));
        Assert.Equal([1, 2], segments[0].TokenIds);
        Assert.Equal(-1.5, segments[0].AverageLogprob);
    }

    [Fact]
    public void Of_APause_IsInNoPart() => Assert.Equal(
        [(31.0, 32.0), (34.0, 35.0)],
        Of(Time + 50, 1, Time + 100, Time + 200, 2, Time + 250)
            .Select(each => (each.Start.TotalSeconds, each.End.TotalSeconds)));

    // The answer was cut, or its last time is behind the sound, which was filled up with silence.
    [Theory]
    [InlineData(Time + 50, 1)]
    [InlineData(Time + 50, 1, Time + 900)]
    public void Of_APartWithoutAnEndInTheWindow_EndsWithIt(params int[] ids)
    {
        var segment = Assert.Single(Of(ids));

        Assert.Equal((31.0, 40.0), (segment.Start.TotalSeconds, segment.End.TotalSeconds));
    }

    [Theory]
    [InlineData]
    [InlineData(Time)]
    [InlineData(Time, Time + 100)]
    public void Of_NoText_IsNoPart(params int[] ids) => Assert.Empty(Of(ids));

    private static IReadOnlyList<TranscribedSegment> Of(params int[] ids) =>
        new SpeechSegments(
            new SpeechTimes(Time - 1, 50, null), TimeSpan.FromMilliseconds(20), own => string.Join(' ', own)).Of(
            [.. ids.Select(id => new GeneratedToken(id, "")
            {
                Logprobs = new TokenLogprobs(new TokenLogprob(id, -id), []),
            })],
            Start,
            End);
}
