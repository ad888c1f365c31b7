using System.Globalization;
using System.Net.Http.Headers;

namespace Stip.Client.Transport;

/// <summary>Reads the standard <c>Server-Timing</c> header, e.g. <c>queue;dur=0.1, total;dur=3.2</c>.</summary>
internal static class ServerTiming
{
    private const string Header = "Server-Timing";
    private const string Total = "total";
    private const string Duration = "dur=";

    /// <summary>The metric <c>total</c>, or the longest where there is none of that name.</summary>
    public static TimeSpan? Read(HttpResponseHeaders headers)
    {
        return headers.TryGetValues(Header, out var values) ? Read(string.Join(',', values)) : null;
    }

    /// <summary>The same from the header's text.</summary>
    public static TimeSpan? Read(string? text)
    {
        var metrics = (text ?? "").Split(',').Select(Parse).OfType<(string Name, double Ms)>().ToArray();
        return metrics.Length == 0
            ? null
            : TimeSpan.FromMilliseconds(metrics.OrderByDescending(m => m.Name == Total).ThenByDescending(m => m.Ms)
                .First().Ms);
    }

    private static (string Name, double Ms)? Parse(string metric)
    {
        var parts = metric.Split(';', StringSplitOptions.TrimEntries);
        var text = parts.FirstOrDefault(part => part.StartsWith(Duration, StringComparison.OrdinalIgnoreCase));
        return text is not null
            && double.TryParse(
                text.AsSpan(Duration.Length), NumberStyles.Float, CultureInfo.InvariantCulture, out var ms)
            && ms is >= 0 and < 1e9
            ? (parts[0], ms)
            : null;
    }
}
