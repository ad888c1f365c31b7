using System.IO.Compression;
using System.Text;
using Stip.Client.Sound;

namespace Stip.Gateway.OpenAi.Audio;

/// <summary>A segment as OpenAI's <c>verbose_json</c> has it, without the probability that nobody speaks, which is not
/// known.</summary>
/// <param name="Id">From 0.</param>
/// <param name="Seek">Where its window begins, in hundredths of a second.</param>
/// <param name="Start">In seconds.</param>
/// <param name="End">In seconds.</param>
/// <param name="Text">What is said.</param>
/// <param name="Tokens">Its token ids.</param>
/// <param name="Temperature">As asked for.</param>
/// <param name="AvgLogprob">Mean of its tokens.</param>
/// <param name="CompressionRatio">Bytes of the text for each that zlib makes of it: high where it repeats itself.
/// </param>
internal sealed record SegmentObject(
    int Id,
    long Seek,
    double Start,
    double End,
    string Text,
    IReadOnlyList<int> Tokens,
    float Temperature,
    double AvgLogprob,
    double CompressionRatio)
{
    private const int SeeksOfASecond = 100;

    public static IReadOnlyList<SegmentObject> Of(Transcription found, float temperature) =>
        [.. found.Windows.SelectMany(window => window.Segments.Select(segment => (window, segment))).Select(
            (pair, id) => new SegmentObject(
                id,
                (long)(pair.window.Start.TotalSeconds * SeeksOfASecond),
                pair.segment.Start.TotalSeconds,
                pair.segment.End.TotalSeconds,
                pair.segment.Text,
                pair.segment.TokenIds,
                temperature,
                pair.segment.AverageLogprob,
                RatioOf(pair.segment.Text)))];

    private static double RatioOf(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(bytes);
        }

        return packed.Length == 0 ? 0 : (double)bytes.Length / packed.Length;
    }
}
