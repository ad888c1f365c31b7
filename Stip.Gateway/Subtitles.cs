using System.Globalization;
using System.Text;
using Stip.Client.Sound;

namespace Stip.Gateway;

/// <summary>Writes what is said as subtitles.</summary>
internal static class Subtitles
{
    /// <summary>As SubRip: numbered, with a comma in times.</summary>
    public static string SubRip(Transcription found)
    {
        var (text, number) = (new StringBuilder(), 0);
        foreach (var segment in Segments(found))
        {
            number++;
            text.Append(CultureInfo.InvariantCulture, $"{number}\n{Time(segment.Start, ',')} --> ")
                .Append(CultureInfo.InvariantCulture, $"{Time(segment.End, ',')}\n{Line(segment)}\n\n");
        }

        return text.ToString();
    }

    /// <summary>As WebVTT.</summary>
    public static string WebVtt(Transcription found)
    {
        var text = new StringBuilder("WEBVTT\n\n");
        foreach (var segment in Segments(found))
        {
            text.Append(CultureInfo.InvariantCulture, $"{Time(segment.Start, '.')} --> ")
                .Append(CultureInfo.InvariantCulture, $"{Time(segment.End, '.')}\n{Line(segment)}\n\n");
        }

        return text.ToString();
    }

    private static IEnumerable<TranscribedSegment> Segments(Transcription found) =>
        found.Windows.SelectMany(window => window.Segments).Where(segment => Line(segment).Length > 0);

    // A part is one line: an empty one would end it, and an arrow would be taken for times.
    private static string Line(TranscribedSegment segment) =>
        segment.Text.Trim().ReplaceLineEndings(" ").Replace("-->", "->", StringComparison.Ordinal);

    private static string Time(TimeSpan time, char point) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(int)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}{point}{time.Milliseconds:000}");
}
