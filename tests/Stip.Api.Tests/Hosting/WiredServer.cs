using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Serilog.Core;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;

namespace Stip.Api.Tests.Hosting;

/// <summary>The server in this process behind a real connection, with one session a model and one request a key at
/// once: what is not given back is missed by the next one.</summary>
internal sealed class WiredServer : IDisposable
{
    private readonly ApiServer _server;
    private readonly HttpClient _http;

    /// <param name="errors">Receives what it logs as errors, as in production; null logs nothing.</param>
    /// <param name="isHttp2">Whether it speaks HTTP/2, in clear text, instead of HTTP/1.1.</param>
    public WiredServer(ILogEventSink? errors = null, bool isHttp2 = false)
    {
        _server = new ApiServer(
            ("Stip:Api:Limits:Concurrent", "1"),
            ("Stip:Api:Engine:Slots", "1"),
            ("Stip:Api:Engine:YieldSeconds", "0"),
            ("environment", "Production"),
            ("urls", ApiServer.AnyPort),
            ("Kestrel:EndpointDefaults:Protocols", isHttp2 ? "Http2" : "Http1"),
            ("Serilog:MinimumLevel:Default", errors is null ? "Fatal" : "Error"))
        {
            Log = errors,
        };
        new TinyDecoder().WriteTo(_server.PackageFolder("tiny"));
        TinyEncoder.WriteTo(_server.PackageFolder("tiny-encoder"));
        _server.UseKestrel();
        _server.StartServer();
        Address = _server.ClientOptions.BaseAddress;
        _http = new HttpClient(new Speaking(isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11))
        {
            BaseAddress = Address,
        };
    }

    public Uri Address { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A caller with this key, the administrator's where there is none.</summary>
    public ApiCaller Caller(string? key = null) => new(_http, key ?? ApiServer.AdminKey);

    /// <summary>The value of a new key.</summary>
    public async Task<string> KeyAsync() => (await Caller().PostAsync<ApiKeyObject>(
        StipRoutes.ApiKeys,
        new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer, ApiKeyScopes.ModelsWrite]))).Value!;

    /// <summary>Sends the head of a request and half of its body, and breaks the connection off.</summary>
    public async Task SendHalfAsync(string key, string path, string contentType, ReadOnlyMemory<byte> body)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(Address.Host, Address.Port, Cancellation);
        var head = $"POST {path} HTTP/1.1\r\nHost: {Address.Authority}\r\nAuthorization: Bearer {key}\r\n"
            + $"Content-Type: {contentType}\r\nContent-Length: {body.Length}\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(head), SocketFlags.None, Cancellation);
        await socket.SendAsync(body[..(body.Length / 2)], SocketFlags.None, Cancellation);
        socket.LingerState = new LingerOption(true, 0);
    }

    /// <summary>Sends half of a body over HTTP/2 and gives the request up, on a connection that goes on.</summary>
    public async Task ResetHalfAsync(string key, string path, string contentType, ReadOnlyMemory<byte> body)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        using var half = new HalfContent(body, contentType);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = half };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        var sending = _http.SendAsync(request, gone.Token);
        await half.Sent.WaitAsync(Cancellation);
        // The server is to read it before it hears that there is no more.
        await Task.Delay(20, Cancellation);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    public async Task<ClientWebSocket> StreamAsync(string key)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader(
            "Authorization", new AuthenticationHeaderValue("Bearer", key).ToString());
        await socket.ConnectAsync(
            new Uri($"ws://{Address.Authority}{StipRoutes.CompletionStream}"), Cancellation);
        return socket;
    }

    public void Dispose()
    {
        _http.Dispose();
        _server.Dispose();
    }

    private sealed class Speaking(Version version) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (request.Version, request.VersionPolicy) = (version, HttpVersionPolicy.RequestVersionExact);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
