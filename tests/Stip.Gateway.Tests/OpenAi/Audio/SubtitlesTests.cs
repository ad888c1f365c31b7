using Stip.Client.Sound;
using Stip.Gateway.OpenAi.Audio;

namespace Stip.Gateway.Tests.OpenAi.Audio;

public sealed class SubtitlesTests
{
    private static readonly Transcription Found = new(
        "", "en", TimeSpan.FromHours(2),
        [
            new TranscribedWindow(TimeSpan.Zero, TimeSpan.FromSeconds(30), "en", "", [])
            {
                Segments = [Segment(0, 2.5, " Hello\nthere."), Segment(2.5, 3, " "), Segment(3, 29.98, " a --> b")],
            },
            new TranscribedWindow(TimeSpan.FromSeconds(3600), TimeSpan.FromSeconds(3630), "en", "", [])
            {
                Segments = [Segment(3661.02, 3662, " Later.")],
            },
        ]);

    [Fact]
    public void SubRip_OfSegments_IsNumberedWithCommas() => Assert.Equal(
        "1\n00:00:00,000 --> 00:00:02,500\nHello there.\n\n2\n00:00:03,000 --> 00:00:29,980\na -> b\n\n"
            + "3\n01:01:01,020 --> 01:01:02,000\nLater.\n\n",
        Subtitles.SubRip(Found));

    [Fact]
    public void WebVtt_OfSegments_BeginsWithItsName() => Assert.Equal(
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nHello there.\n\n00:00:03.000 --> 00:00:29.980\na -> b\n\n"
            + "01:01:01.020 --> 01:01:02.000\nLater.\n\n",
        Subtitles.WebVtt(Found));

    [Fact]
    public void SegmentObject_OfWindows_IsNumberedThroughAllOfThem()
    {
        var segments = SegmentObject.Of(Found, 0.5f);

        Assert.Equal([0, 1, 2, 3], segments.Select(segment => segment.Id));
        Assert.Equal([0, 0, 0, 360_000], segments.Select(segment => segment.Seek));
        Assert.All(segments, segment => Assert.Equal((0.5f, -0.5), (segment.Temperature, segment.AvgLogprob)));
        Assert.InRange(SegmentObject.Of(Repeated(), 0)[0].CompressionRatio, 5, 100);
    }

    private static Transcription Repeated() => new(
        "", null, TimeSpan.FromSeconds(1),
        [
            new TranscribedWindow(TimeSpan.Zero, TimeSpan.FromSeconds(1), null, "", [])
            {
                Segments = [Segment(0, 1, string.Concat(Enumerable.Repeat("again and ", 30)))],
            },
        ]);

    private static TranscribedSegment Segment(double start, double end, string text) =>
        new(TimeSpan.FromSeconds(start), TimeSpan.FromSeconds(end), text, [1], -0.5);
}
