using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

/// <summary>What is registered that a server hosts already, in whole or in its files alone.</summary>
public sealed class SamePackageTests
{
    [Fact]
    public async Task Registration_OfTheSameFilesWithAnotherManifest_ReplacesTheModel()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        var manifest = new TinyDecoder().WriteTo(folder.Path);
        var first = await PushAsync(server, folder.Path);
        var session = await server.Caller().StepAsync(Steps.Prefill(1, 4));
        PackageFiles.Write(folder.Path, manifest with { MaxTopK = 3, Verified = "full" });

        await PushAsync(server, folder.Path);

        var shown = await server.Caller().GetAsync<ModelObject>($"{StipRoutes.Models}/tiny");
        Assert.Equal(first.Stip.Fingerprint, shown.Stip.Fingerprint);
        Assert.Equal((3, "full"), (shown.Stip.MaxTopK, shown.Stip.Verified));

        // Sessions go on where they began.
        Assert.Equal(5, (await server.Caller().StepAsync(Steps.Next(session, 1))).Position);
    }

    [Fact]
    public async Task Registration_OfTheSamePackage_ChangesNothing()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        new TinyDecoder().WriteTo(folder.Path);
        await PushAsync(server, folder.Path);
        var before = Directory.GetDirectories(server.PackageFolder(""));

        await PushAsync(server, folder.Path);

        Assert.Equal(before, Directory.GetDirectories(server.PackageFolder("")));
    }

    private static async Task<ModelObject> PushAsync(ApiServer server, string folder)
    {
        using var pushed = await server.Caller().PushAsync(folder);
        return await ApiCaller.ReadAsync<ModelObject>(pushed);
    }
}
