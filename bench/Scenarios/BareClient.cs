using System.Net.Http.Headers;
using Stip.Protocol;

namespace Stip.Bench.Scenarios;

/// <summary>HttpClient by itself: the same bytes as the client's, nothing made of the answer.</summary>
internal static class BareClient
{
    /// <returns>Milliseconds between two requests, as <see cref="CannedServer.ClientMilliseconds"/>.</returns>
    public static async Task<double[]> RunAsync(
        CannedServer server, int requests, CancellationToken cancellationToken)
    {
        var client = server.ClientMilliseconds();
        var body = server.LatestBody;
        using var http = new HttpClient(server, disposeHandler: false) { BaseAddress = new Uri("http://canned.test") };
        var uri = new Uri(StipRoutes.Completions, UriKind.Relative);
        for (var i = 0; i < requests; i++)
        {
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue(StipRoutes.SafetensorsMediaType);
            using var request = new HttpRequestMessage(HttpMethod.Post, uri) { Content = content };
            using var answer = await http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await answer.Content.ReadAsByteArrayAsync(cancellationToken);
        }

        return [.. server.ClientMilliseconds().Skip(client.Length + 1)];
    }
}
