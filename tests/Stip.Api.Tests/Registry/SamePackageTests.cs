using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Audit;
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

    [Fact]
    public async Task Registrations_OfTheSamePackageAtOnce_AreOneLineOfTheAuditLog()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        new TinyDecoder().WriteTo(folder.Path);
        var uploads = new List<List<string>>();
        for (var i = 0; i < 4; i++)
        {
            uploads.Add(await server.Caller().UploadAllAsync(folder.Path));
        }

        var models = await Task.WhenAll(uploads.Select(ids => server.Caller().PostAsync<ModelObject>(
            StipRoutes.Models, new ModelRegisterRequest(ids))));

        Assert.Single(models.Select(model => model.Created).Distinct());
        Assert.Single(Directory.GetDirectories(server.PackageFolder("")));
        var acts = (await server.Caller().GetAsync<AuditPage>(StipRoutes.AuditEvents)).Data;
        Assert.Single(acts, act => act.Subject == "tiny");
    }

    [Fact]
    public async Task Uploads_RegisteredTwiceAtOnce_AreRegisteredOnceAndNotFoundThen()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        new TinyDecoder().WriteTo(folder.Path);
        var ids = await server.Caller().UploadAllAsync(folder.Path);

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => server.Caller().PostAsync(
            StipRoutes.Models, new ModelRegisterRequest(ids))));

        Assert.Equal([200, 404, 404, 404], answers.Select(answer => (int)answer.StatusCode).Order());
        Assert.Equal(2, (await server.Caller().StepAsync(Steps.Prefill(1, 2))).Position);
    }

    // Sessions of the replaced package keep its folder: a restart finds both.
    [Theory]
    [InlineData("b", 1, 3, 0)]
    [InlineData("a", 2, 1, -3600)]
    [InlineData("b", 1, 1, -3600)]
    public async Task Restart_BesideAReplacedPackage_ServesTheOneThatReplacedIt(
        string instance, int epoch, int epochBefore, int clockMovedSeconds)
    {
        using var data = new TemporaryFolder();
        using var folder = new TemporaryFolder();
        string fingerprint;
        using (var server = new ApiServer(data.Path))
        {
            var manifest = new TinyDecoder(Instance: "a").WriteTo(folder.Path);
            PackageFiles.Write(folder.Path, manifest with { KeyEpoch = epochBefore });
            await PushAsync(server, folder.Path);
            await server.Caller().StepAsync(Steps.Prefill(1, 4));
            if (clockMovedSeconds != 0)
            {
                server.Clock.Set(TimeSpan.FromSeconds(clockMovedSeconds));
            }

            PackageFiles.Write(folder.Path, manifest with { KeyEpoch = epoch, Instance = instance, MaxTopK = 3 });
            fingerprint = (await PushAsync(server, folder.Path)).Stip.Fingerprint;
            Assert.Equal(2, Directory.GetDirectories(data.At("packages")).Length);
        }

        using var restarted = new ApiServer(data.Path);
        var shown = await restarted.Caller().GetAsync<ModelObject>($"{StipRoutes.Models}/tiny");
        Assert.Equal((fingerprint, instance, 3), (shown.Stip.Fingerprint, shown.Stip.Instance, shown.Stip.MaxTopK));
        Assert.Single(Directory.GetDirectories(data.At("packages")));
    }

    private static async Task<ModelObject> PushAsync(ApiServer server, string folder)
    {
        using var pushed = await server.Caller().PushAsync(folder);
        return await ApiCaller.ReadAsync<ModelObject>(pushed);
    }
}
