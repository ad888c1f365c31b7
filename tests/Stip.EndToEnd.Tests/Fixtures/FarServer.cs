using Stip.Client.Transport;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>A server that is a long way off, so that guesses pay whatever this machine is busy with.</summary>
internal static class FarServer
{
    public static StipHttpClient Connect(ApiProcess server)
    {
        var http = new HttpClient(new LongWay { InnerHandler = new SocketsHttpHandler() })
        {
            BaseAddress = server.Endpoint,
        };
        http.DefaultRequestHeaders.Authorization = new("Bearer", server.ApiKey);
        return new StipHttpClient(http);
    }

    private sealed class LongWay : DelegatingHandler
    {
        private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(25);

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Delay(RoundTrip, cancellationToken);
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
