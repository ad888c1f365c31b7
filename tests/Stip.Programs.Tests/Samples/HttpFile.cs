using System.Text;

namespace Stip.Programs.Tests.Samples;

/// <summary>
/// The requests of a .http file: ### between them, @name = value for variables, a blank line before the body.
/// </summary>
internal static class HttpFile
{
    public static IEnumerable<(string Title, HttpRequestMessage Request)> Read(
        string path, IReadOnlyDictionary<string, string> variables)
    {
        var parts = File.ReadAllText(path).ReplaceLineEndings("\n").Split("\n###");
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in parts[0].Split('\n').Where(line => line.StartsWith('@')))
        {
            var (name, value) = (line[1..line.IndexOf('=')].Trim(), line[(line.IndexOf('=') + 1)..].Trim());
            values[name] = variables.GetValueOrDefault(name, value);
        }

        foreach (var part in parts[1..])
        {
            var text = values.Aggregate(part, (now, variable) =>
                now.Replace($"{{{{{variable.Key}}}}}", variable.Value, StringComparison.Ordinal));
            yield return Request(text.Split('\n'));
        }
    }

    private static (string Title, HttpRequestMessage Request) Request(string[] lines)
    {
        var blank = Array.FindIndex(lines, 1, string.IsNullOrWhiteSpace);
        var head = lines[2..(blank < 0 ? lines.Length : blank)];
        var body = blank < 0 ? string.Empty : string.Join('\n', lines[blank..]).Trim();
        var request = new HttpRequestMessage(new HttpMethod(lines[1].Split(' ')[0]), lines[1].Split(' ')[1]);
        foreach (var header in head.Where(line => !line.StartsWith("Content-Type", StringComparison.Ordinal)))
        {
            request.Headers.Add(header[..header.IndexOf(':')], header[(header.IndexOf(':') + 1)..].Trim());
        }

        if (body.Length > 0)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        return (lines[0].Trim(), request);
    }
}
