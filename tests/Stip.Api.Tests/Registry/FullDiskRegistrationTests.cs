using System.Net;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Errors;
using Stip.Protocol.Models;
using Stip.Protocol.Uploads;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Api.Tests.Registry;

/// <summary>A real server on a real disk of 8 MiB, on which not a byte is left.</summary>
[Trait("Category", "Slow")]
public sealed class FullDiskRegistrationTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Package_OnAFullDisk_IsRegisteredWholeOrNotAtAllAndLaterFromTheSameUploads()
    {
        Assert.SkipUnless(ApiProcess.CanHaveADisk(), "needs Linux and the right to mount a tmpfs of its own");
        await using var server = await ApiProcess.StartAsync(diskMegabytes: 8);
        using var http = new HttpClient { BaseAddress = server.Endpoint };
        var caller = new ApiCaller(http, server.ApiKey);
        var first = await UploadAsync(caller, new TinyDecoder());
        var second = await UploadAsync(caller, new TinyDecoder(Seed: 2, KeyEpoch: 2));
        Fill(server);
        await RefusedAsync(caller, first);
        await StillThereAsync(caller, first);
        Assert.Empty((await caller.GetAsync<ListObject<ModelObject>>(StipRoutes.Models)).Data);

        Free(server);
        Assert.Equal("tiny", (await caller.PostAsync<ModelObject>(StipRoutes.Models, first)).Id);
        var step = await caller.StepAsync(Steps.Prefill(1, 2));

        // Another epoch of it: the old one goes on, with its sessions, until the disk has room.
        Fill(server);
        await RefusedAsync(caller, second);
        await StillThereAsync(caller, second);
        step = await caller.StepAsync(Steps.Next(step, 1));
        Assert.Equal((3, 1), (step.Position, step.KeyEpoch));
        Free(server);
        await caller.PostAsync<ModelObject>(StipRoutes.Models, second);
        Assert.Equal(2, (await caller.StepAsync(Steps.Prefill(1, 2))).KeyEpoch);
        Assert.Equal(4, (await caller.StepAsync(Steps.Next(step, 1))).Position);

        // What goes needs no room: it is gone, from the disk as well.
        Fill(server);
        using var removed = await caller.SendAsync(HttpMethod.Delete, $"{StipRoutes.Models}/tiny");
        Assert.True((await ApiCaller.ReadAsync<DeletedObject>(removed)).Deleted);
        Assert.Empty((await caller.GetAsync<ListObject<ModelObject>>(StipRoutes.Models)).Data);
        Assert.Empty(Directory.GetFileSystemEntries(On(server, "packages")));
        Assert.Empty(Directory.GetFileSystemEntries(On(server, "staging")));
    }

    private static async Task<ModelRegisterRequest> UploadAsync(ApiCaller caller, TinyDecoder decoder)
    {
        using var folder = new TemporaryFolder();
        decoder.WriteTo(folder.Path);
        return new ModelRegisterRequest(await caller.UploadAllAsync(folder.Path));
    }

    private static async Task RefusedAsync(ApiCaller caller, ModelRegisterRequest uploads)
    {
        for (var i = 0; i < 2; i++)
        {
            using var refused = await caller.PostAsync(StipRoutes.Models, uploads);
            var error = await ApiCaller.RefusedAsync(
                refused, (int)HttpStatusCode.ServiceUnavailable, StipErrorCode.ServerOverloaded.Name());
            Assert.Equal("the server's disk is full", error.Detail);
            Assert.NotNull(refused.Headers.RetryAfter);
        }
    }

    private static async Task StillThereAsync(ApiCaller caller, ModelRegisterRequest uploads)
    {
        foreach (var id in uploads.UploadIds!)
        {
            var upload = await caller.GetAsync<UploadObject>($"{StipRoutes.Uploads}/{id}");
            Assert.Equal((UploadObject.Completed, upload.Bytes), (upload.Status, upload.BytesReceived));
        }
    }

    // Its disk, as the process sees it.
    private static string On(ApiProcess server, string name) =>
        Path.Combine($"/proc/{server.ProcessId}/root" + server.DataDirectory, name);

    private static void Fill(ApiProcess server)
    {
        using var filler = new FileStream(
            On(server, "filler"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        Action write = () =>
        {
            while (true)
            {
                filler.Write(new byte[512]);
            }
        };
        Assert.Throws<IOException>(write);
    }

    private static void Free(ApiProcess server) => File.Delete(On(server, "filler"));
}
