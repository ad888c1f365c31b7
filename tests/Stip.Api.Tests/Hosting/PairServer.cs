using Stip.Api.Tests.Models;

namespace Stip.Api.Tests.Hosting;

/// <summary>A server that hosts the tiny encoder and decoder and a decoder on its own, shared by the tests of a class.
/// </summary>
public sealed class PairServer : IDisposable
{
    public PairServer()
    {
        Server = new ApiServer();
        new TinyDecoder().WriteTo(Server.PackageFolder("tiny"));
        new TinySequence().WriteTo(Folder);
        new TinySequence("merged", IsMerged: true).WriteTo(Server.PackageFolder("merged"));
        new TinySequence("hidden") { IsRenamed = true }.WriteTo(Server.PackageFolder("hidden"));
        new TinySequence("hidden-merged", IsMerged: true) { IsRenamed = true }
            .WriteTo(Server.PackageFolder("hidden-merged"));
    }

    internal ApiServer Server { get; }

    internal string Folder => Server.PackageFolder("pair");

    public void Dispose() => Server.Dispose();
}
