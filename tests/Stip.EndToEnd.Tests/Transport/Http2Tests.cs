using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.WebSockets;
using Stip.Client.Transport;
using Stip.EndToEnd.Kit;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.EndToEnd.Tests.Transport;

/// <summary>A real server with a certificate: what is said over HTTP/2 is what is said over HTTP/1.1.</summary>
public sealed class Http2Tests(Http2Server shared) : IClassFixture<Http2Server>
{
    private const int TokenCount = 12;
    private static readonly int[] Prompt = [52, 1585, 559, 264, 540];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Generation_OverHttp2_IsThatOfHttp11(bool isSecure, bool streams)
    {
        var options = new StipHttpClientOptions { TrustedRoots = shared.Server.Roots, Streams = streams };
        var expected = await GreedyAsync(shared.Server.Endpoint, options);
        Assert.Equal(expected, await GreedyAsync(
            isSecure ? shared.Server.SecureEndpoint : shared.Server.Http2Endpoint,
            options with
            {
                HttpVersion = HttpVersion.Version20,
                HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            }));
        // An endpoint with a certificate speaks both; where only the older one is to be had, that is taken.
        var olderOptions = isSecure ? options : options with { HttpVersion = HttpVersion.Version20 };
        var olderEndpoint = isSecure ? shared.Server.SecureEndpoint : shared.Server.Endpoint;
        Assert.Equal(expected, await GreedyAsync(olderEndpoint, olderOptions));
    }

    [Fact]
    public async Task Steps_OfBothVersions_AreTheSameBits()
    {
        using var http = new HttpClient(Sockets()) { BaseAddress = shared.Server.SecureEndpoint };
        var answers = new List<byte[]>();
        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, StipRoutes.Completions)
            {
                Version = version,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = JsonContent.Create(
                    new CompletionRequest(
                        "stories", new TensorPayload("float32", [3, shared.HiddenSize], Rows()),
                        Logits: new LogitsRequest(null, LogitsRequest.All)),
                    options: StipJson.Wire),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", shared.Server.ApiKey);
            using var response = await http.SendAsync(request, Cancellation);
            Assert.Equal((HttpStatusCode.OK, version), (response.StatusCode, response.Version));
            var answer = await response.Content.ReadFromJsonAsync<CompletionResponse>(StipJson.Wire, Cancellation);
            answers.Add([.. answer!.Choices.SelectMany(choice => choice.Logits.Data!.Value.ToArray())]);
        }

        Assert.Equal(answers[0], answers[1]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Socket_OfSteps_OpensOverHttp2(bool isSecure)
    {
        var endpoint = isSecure ? shared.Server.SecureEndpoint : shared.Server.Http2Endpoint;
        using var connections = new HttpMessageInvoker(Sockets());
        using var socket = new ClientWebSocket
        {
            Options =
            {
                HttpVersion = HttpVersion.Version20,
                HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact,
                CollectHttpResponseDetails = true,
            },
        };
        socket.Options.SetRequestHeader("Authorization", $"Bearer {shared.Server.ApiKey}");
        var scheme = isSecure ? Uri.UriSchemeWss : Uri.UriSchemeWs;
        var address = new UriBuilder(endpoint) { Scheme = scheme, Path = StipRoutes.CompletionStream }.Uri;
        await socket.ConnectAsync(address, connections, Cancellation);
        // HTTP/1.1 would have answered 101.
        Assert.Equal(HttpStatusCode.OK, socket.HttpStatusCode);
        Assert.Equal(WebSocketState.Open, socket.State);
    }

    private SocketsHttpHandler Sockets() => new()
    {
        SslOptions =
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                certificate!.GetCertHashString() == shared.Server.Roots[0].GetCertHashString(),
        },
    };

    private byte[] Rows()
    {
        var rows = new byte[3 * shared.HiddenSize * sizeof(float)];
        for (var i = 0; i < rows.Length; i += sizeof(float))
        {
            BitConverter.TryWriteBytes(rows.AsSpan(i), (i / sizeof(float) % 13 - 6) / 8f);
        }

        return rows;
    }

    private async Task<int[]> GreedyAsync(Uri endpoint, StipHttpClientOptions options)
    {
        using var open = OpenModel.Open(endpoint, shared.Server.ApiKey, shared.Package, options);
        return await open.GreedyAsync(Prompt, TokenCount, Cancellation);
    }
}
