using System.Net.WebSockets;
using Stip.Api.Tests.Models;
using Stip.Protocol;

namespace Stip.Api.Tests.Hosting;

/// <summary>A server that hosts the tiny decoder and the tiny encoder, shared by the tests of a class.</summary>
public sealed class TinyServer : IDisposable
{
    public TinyServer()
    {
        Server = new ApiServer();
        new TinyDecoder().WriteTo(Server.PackageFolder("tiny"));
        TinyEncoder.WriteTo(Server.PackageFolder("tiny-encoder"));
    }

    internal ApiServer Server { get; }

    /// <summary>A WebSocket with the administrator's key.</summary>
    /// <param name="trace">The caller's own trace; null for none.</param>
    internal async Task<WebSocket> OpenSocketAsync(string? trace = null)
    {
        _ = Server.Services;
        var client = Server.Server.CreateWebSocketClient();
        client.ConfigureRequest = request =>
        {
            request.Headers.Authorization = $"Bearer {ApiServer.AdminKey}";
            request.Headers.TraceParent = trace;
        };
        return await client.ConnectAsync(
            new Uri(Server.Server.BaseAddress, StipRoutes.CompletionStream), TestContext.Current.CancellationToken);
    }

    public void Dispose() => Server.Dispose();
}
