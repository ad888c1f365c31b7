using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Uploads;
using Stip.TestKit;

namespace Stip.Api.Tests.Endpoints;

public sealed class UploadTests
{
    private static readonly byte[] Data = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * 7))];
    private static readonly PackageFile Announced = FileOf(Data);

    [Fact]
    public async Task Parts_InAnyForm_MakeTheFile()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        var upload = await caller.AnnounceAsync(Announced);
        Assert.Equal((UploadObject.Pending, "upload", 0L), (upload.Status, upload.Object, upload.BytesReceived));
        Assert.Equal(0, (await caller.AddFormPartAsync(upload.Id, Data.AsMemory(0, 300))).Offset);
        using var raw = await caller.AddRawPartAsync(upload.Id, Data.AsMemory(300, 600), 300);
        Assert.Equal((300L, 600L), Place(await ApiCaller.ReadAsync<UploadPartObject>(raw)));
        using var rest = await caller.AddRawPartAsync(upload.Id, Data.AsMemory(900));
        Assert.Equal((900L, 100L), Place(await ApiCaller.ReadAsync<UploadPartObject>(rest)));
        using var done = await caller.CompleteAsync(upload.Id);
        Assert.Equal(UploadObject.Completed, (await ApiCaller.ReadAsync<UploadObject>(done)).Status);
        using var again = await caller.CompleteAsync(upload.Id);
        Assert.Equal(UploadObject.Completed, (await ApiCaller.ReadAsync<UploadObject>(again)).Status);
    }

    [Fact]
    public async Task PartIds_InAnotherOrder_DecideTheFile()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        var upload = await caller.AnnounceAsync(Announced);
        var tail = await caller.AddFormPartAsync(upload.Id, Data.AsMemory(400));
        var head = await caller.AddFormPartAsync(upload.Id, Data.AsMemory(0, 400));
        using var unknown = await caller.CompleteAsync(upload.Id, head.Id, "part_nope");
        await ApiCaller.RefusedAsync(unknown, 400, "invalid_request");
        using var done = await caller.CompleteAsync(upload.Id, head.Id, tail.Id);
        Assert.Equal(UploadObject.Completed, (await ApiCaller.ReadAsync<UploadObject>(done)).Status);
    }

    [Fact]
    public async Task Upload_AfterARestartAndATornPart_GoesOnWhereItWas()
    {
        using var folder = new TemporaryFolder();
        UploadObject upload;
        using (var server = new ApiServer(folder.Path))
        {
            upload = await server.Caller().AnnounceAsync(Announced);
            await server.Caller().AddFormPartAsync(upload.Id, Data.AsMemory(0, 500));
        }

        // As a kill in the middle of the next part leaves it: bytes on the disk that no record counts.
        await File.AppendAllTextAsync(
            folder.At("uploads", upload.Id, "data"), "torn", TestContext.Current.CancellationToken);
        using var again = new ApiServer(folder.Path);
        var caller = again.Caller();
        var found = await caller.GetAsync<UploadObject>($"{StipRoutes.Uploads}/{upload.Id}");
        Assert.Equal(500, found.BytesReceived);
        using var rest = await caller.AddRawPartAsync(upload.Id, Data.AsMemory(500), found.BytesReceived);
        using var done = await caller.CompleteAsync(upload.Id);
        Assert.Equal(UploadObject.Completed, (await ApiCaller.ReadAsync<UploadObject>(done)).Status);
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(700, 500)]
    public async Task CompletedUpload_WhoseDataAreGoneAtTheStart_GoesOnFromThePartsThatAreThere(int? left, int counted)
    {
        using var folder = new TemporaryFolder();
        string id;
        using (var server = new ApiServer(folder.Path))
        {
            var caller = server.Caller();
            id = (await caller.AnnounceAsync(Announced)).Id;
            await caller.AddFormPartAsync(id, Data.AsMemory(0, 500));
            await caller.AddFormPartAsync(id, Data.AsMemory(500));
            using var done = await caller.CompleteAsync(id);
            Assert.True(done.IsSuccessStatusCode);
        }

        // As a kill leaves it while the files are staged for their registration.
        using (var data = File.OpenWrite(folder.At("uploads", id, "data")))
        {
            data.SetLength(left ?? 0);
        }

        if (left is null)
        {
            File.Delete(folder.At("uploads", id, "data"));
        }

        using var again = new ApiServer(folder.Path);
        var resumed = again.Caller();
        var found = await resumed.GetAsync<UploadObject>($"{StipRoutes.Uploads}/{id}");
        Assert.Equal((UploadObject.Pending, counted), (found.Status, found.BytesReceived));
        using var rest = await resumed.AddRawPartAsync(id, Data.AsMemory(counted), counted);
        using var completed = await resumed.CompleteAsync(id);
        Assert.Equal(UploadObject.Completed, (await ApiCaller.ReadAsync<UploadObject>(completed)).Status);
    }

    [Fact]
    public async Task Push_AfterAKillAmidItsRegistration_SucceedsWhenTriedAgain()
    {
        using var folder = new TemporaryFolder();
        using var package = new TemporaryFolder();
        new TinyDecoder().WriteTo(package.Path);
        var ids = new Dictionary<string, string>();
        using (var server = new ApiServer(folder.Path))
        {
            foreach (var path in Directory.GetFiles(package.Path))
            {
                ids[path] = await server.Caller().UploadAsync(path);
            }
        }

        // Moved to the staged folder, which the start deletes.
        var staged = Directory.CreateDirectory(folder.At("staging", "half")).FullName;
        var first = ids.First();
        File.Move(folder.At("uploads", first.Value, "data"), Path.Combine(staged, "data"));

        using var again = new ApiServer(folder.Path);
        var caller = again.Caller();
        using var data = await caller.AddRawPartAsync(first.Value, await File.ReadAllBytesAsync(
            first.Key, TestContext.Current.CancellationToken));
        using var done = await caller.CompleteAsync(first.Value);
        await caller.PostAsync<ModelObject>(StipRoutes.Models, new ModelRegisterRequest([.. ids.Values]));
        Assert.Equal(2, (await caller.StepAsync(Steps.Prefill(1, 2))).Position);
    }

    [Fact]
    public async Task Part_SentTwice_CountsOnce()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        var upload = await caller.AnnounceAsync(Announced);
        using var first = await caller.AddRawPartAsync(upload.Id, Data.AsMemory(0, 500), 0);
        using var second = await caller.AddRawPartAsync(upload.Id, Data.AsMemory(0, 500), 0);
        Assert.True(second.IsSuccessStatusCode);
        Assert.Equal(500, (await caller.GetAsync<UploadObject>($"{StipRoutes.Uploads}/{upload.Id}")).BytesReceived);
        using var gap = await caller.AddRawPartAsync(upload.Id, Data.AsMemory(600), 600);
        await ApiCaller.RefusedAsync(gap, 400, "invalid_request");
    }

    [Fact]
    public async Task Bytes_OfAnotherDigest_AreRefused()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        var upload = await caller.AnnounceAsync(Announced);
        var damaged = (byte[])Data.Clone();
        damaged[77] ^= 1;
        await caller.AddFormPartAsync(upload.Id, damaged);
        using var refused = await caller.CompleteAsync(upload.Id);
        await ApiCaller.RefusedAsync(refused, 422, "checksum_mismatch");
        using var replaced = await caller.AddRawPartAsync(upload.Id, Data, 0);
        using var done = await caller.CompleteAsync(upload.Id);
        Assert.Equal(UploadObject.Completed, (await ApiCaller.ReadAsync<UploadObject>(done)).Status);
    }

    [Fact]
    public async Task Parts_LongerThanTheFile_AreRefusedAndDoNotCount()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        var upload = await caller.AnnounceAsync(Announced);
        using var longer = await caller.AddRawPartAsync(upload.Id, new byte[1001]);
        await ApiCaller.RefusedAsync(longer, 413, "payload_too_large");
        using var early = await caller.CompleteAsync(upload.Id);
        await ApiCaller.RefusedAsync(early, 400, "invalid_request");
        Assert.Equal(0, (await caller.GetAsync<UploadObject>($"{StipRoutes.Uploads}/{upload.Id}")).BytesReceived);
    }

    [Fact]
    public async Task Cancelled_Upload_IsGone()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        var upload = await caller.AnnounceAsync(Announced);
        using var cancelled = await caller.SendAsync(HttpMethod.Post, $"{StipRoutes.Uploads}/{upload.Id}/cancel");
        Assert.Equal(UploadObject.Cancelled, (await ApiCaller.ReadAsync<UploadObject>(cancelled)).Status);
        using var gone = await caller.AddRawPartAsync(upload.Id, Data);
        await ApiCaller.RefusedAsync(gone, 404, "not_found");
        Assert.Empty(Directory.GetDirectories(Path.Combine(server.DataDirectory, "uploads")));
    }

    [Fact]
    public async Task Upload_OfAnotherKey_IsNotThere()
    {
        using var server = new ApiServer();
        var upload = await server.Caller().AnnounceAsync(Announced);
        var other = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("other", [ApiKeyScopes.ModelsWrite]));
        using var response = await server.Caller(other.Value).AddRawPartAsync(upload.Id, Data);
        await ApiCaller.RefusedAsync(response, 404, "not_found");
    }

    [Theory]
    [InlineData("../model.onnx")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../b")]
    [InlineData("a\\b")]
    [InlineData("C:evil")]
    [InlineData(".hidden")]
    [InlineData("a//b")]
    [InlineData("a/b/c/d/e")]
    [InlineData("")]
    [InlineData("line\nbreak")]
    public async Task Filename_ThatCouldLeaveThePackage_IsRefused(string filename)
    {
        using var server = new ApiServer();
        using var response =
            await server.Caller().PostAsync(StipRoutes.Uploads, Request() with { Filename = filename });
        var error = await ApiCaller.RefusedAsync(response, 400, "invalid_request");
        Assert.Equal("filename", error.Error.Param);
    }

    [Fact]
    public async Task Announcement_OfAnotherForm_IsRefused()
    {
        using var server = new ApiServer(("Stip:Api:MaxFileBytes", "5000"));
        var caller = server.Caller();
        foreach (var (request, status, code) in new[]
        {
            (Request() with { Bytes = 0 }, 400, "invalid_request"),
            (Request() with { Bytes = -5 }, 400, "invalid_request"),
            (Request() with { Bytes = 5001 }, 413, "payload_too_large"),
            (Request() with { Sha256 = "12" }, 400, "invalid_request"),
            (Request() with { Purpose = "fine-tune" }, 400, "invalid_request"),
        })
        {
            using var response = await caller.PostAsync(StipRoutes.Uploads, request);
            await ApiCaller.RefusedAsync(response, status, code);
        }
    }

    [Fact]
    public async Task Uploads_LeftAlone_AreRemoved()
    {
        using var server = new ApiServer(("Stip:Api:UploadHours", "1"));
        var caller = server.Caller();
        var upload = await caller.AnnounceAsync(Announced);
        server.Clock.Advance(TimeSpan.FromMinutes(59));
        await caller.AddFormPartAsync(upload.Id, Data.AsMemory(0, 10));
        server.Services.GetService(typeof(Stip.Api.Registry.Uploads.UploadStore));
        var store = (Stip.Api.Registry.Uploads.UploadStore)server.Services.GetService(
            typeof(Stip.Api.Registry.Uploads.UploadStore))!;
        server.Clock.Advance(TimeSpan.FromMinutes(59));
        store.Expire();
        Assert.Equal(10, (await caller.GetAsync<UploadObject>($"{StipRoutes.Uploads}/{upload.Id}")).BytesReceived);
        server.Clock.Advance(TimeSpan.FromMinutes(2));
        store.Expire();
        using var gone = await caller.SendAsync(HttpMethod.Get, $"{StipRoutes.Uploads}/{upload.Id}");
        await ApiCaller.RefusedAsync(gone, 404, "not_found");
    }

    [Fact]
    public void FolderThatIsNoUpload_OfThatAge_IsRemoved()
    {
        using var data = new TemporaryFolder();
        using var server = new ApiServer(data.Path, ("Stip:Api:UploadHours", "1"));
        var store = server.Services.GetRequiredService<Stip.Api.Registry.Uploads.UploadStore>();
        var orphan = Directory.CreateDirectory(data.At("uploads", "upload_orphan"));
        File.WriteAllText(Path.Combine(orphan.FullName, "data"), "what a delete that failed left");
        orphan.LastWriteTimeUtc = server.Clock.GetUtcNow().UtcDateTime;

        store.Expire();
        Assert.True(Directory.Exists(orphan.FullName));
        server.Clock.Advance(TimeSpan.FromMinutes(61));
        store.Expire();
        Assert.False(Directory.Exists(orphan.FullName));
    }

    private static UploadCreateRequest Request() =>
        new(Announced.Path, Announced.Bytes, UploadCreateRequest.StipPackage, Announced.Sha256);

    private static (long Offset, long Bytes) Place(UploadPartObject part) => (part.Offset, part.Bytes);

    private static PackageFile FileOf(byte[] data) =>
        new("model.onnx.data", data.Length, Convert.ToHexStringLower(SHA256.HashData(data)));
}
