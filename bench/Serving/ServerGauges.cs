using System.Globalization;
using System.Net.Http.Headers;

namespace Stip.Bench.Serving;

/// <summary>What the server's metrics route says, each name summed over its labels.</summary>
internal sealed class ServerGauges
{
    private readonly Dictionary<string, double> _values = [];

    private ServerGauges()
    {
    }

    /// <summary>Managed bytes that the server has allocated since its start.</summary>
    public double AllocatedBytes => Sum("dotnet_gc_heap_total_allocated");

    /// <summary>Rows of steps of several rows since its start.</summary>
    public double PromptTokens => Sum("stip_prompt_tokens");

    /// <summary>Slots in use.</summary>
    public double Sessions => Sum("stip_num_sessions");

    public static async Task<ServerGauges> ReadAsync(BenchServer server, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = server.Process.Endpoint };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Process.ApiKey);
        var text = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
        var gauges = new ServerGauges();
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            gauges.Read(line);
        }

        return gauges;
    }

    private double Sum(string prefix) => _values
        .Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)).Sum(pair => pair.Value);

    // name{label="value",…} number [timestamp]
    private void Read(string line)
    {
        var name = line[..line.AsSpan().IndexOfAny('{', ' ')];
        var rest = line[(line.LastIndexOf('}') is >= 0 and var end ? end + 1 : name.Length)..];
        if (double.TryParse(rest.Trim().Split(' ')[0], CultureInfo.InvariantCulture, out var value))
        {
            _values[name] = _values.GetValueOrDefault(name) + value;
        }
    }
}
