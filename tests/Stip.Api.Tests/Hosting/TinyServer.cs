using Stip.Api.Tests.Models;

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

    public void Dispose() => Server.Dispose();
}
