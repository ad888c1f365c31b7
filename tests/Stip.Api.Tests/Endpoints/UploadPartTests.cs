using System.Security.Cryptography;
using Stip.Api.Tests.Hosting;
using Stip.Protocol;
using Stip.Protocol.Packages;
using Stip.Protocol.Uploads;
using Stip.TestKit;

namespace Stip.Api.Tests.Endpoints;

/// <summary>What goes wrong with a part, or with their order, costs no more than that.</summary>
public sealed class UploadPartTests
{
    private static readonly byte[] Data = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * 7))];
    private static readonly PackageFile Announced =
        new("model.onnx.data", Data.Length, Convert.ToHexStringLower(SHA256.HashData(Data)));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // What it replaces is gone, and nobody is told that it is there.
    [Theory]
    [InlineData(0, 400)]
    [InlineData(801, 413)]
    public async Task Part_SentAgainThatFails_LeavesAnUploadThatGoesOnWhereItSays(int bytes, int status)
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        var id = (await caller.AnnounceAsync(Announced)).Id;
        foreach (var (from, to) in new[] { (0, 200), (200, 500), (500, 1000) })
        {
            await caller.AddFormPartAsync(id, Data.AsMemory(from..to));
        }

        using var failed = await caller.AddRawPartAsync(id, new byte[bytes], 200);
        Assert.Equal(status, (int)failed.StatusCode);

        var received = (int)(await caller.GetAsync<UploadObject>($"{StipRoutes.Uploads}/{id}")).BytesReceived;
        Assert.Equal(200, received);
        using var rest = await caller.AddRawPartAsync(id, Data.AsMemory(received), received);
        using var done = await caller.CompleteAsync(id);
        Assert.Equal(UploadObject.Completed, (await ApiCaller.ReadAsync<UploadObject>(done)).Status);
    }

    [Fact]
    public async Task PartIds_InAWrongOrder_LeaveTheRightOneToComplete()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        var upload = await caller.AnnounceAsync(Announced);
        var middle = await caller.AddFormPartAsync(upload.Id, Data.AsMemory(400, 200));
        var tail = await caller.AddFormPartAsync(upload.Id, Data.AsMemory(600));
        var head = await caller.AddFormPartAsync(upload.Id, Data.AsMemory(0, 400));
        using var wrong = await caller.CompleteAsync(upload.Id, tail.Id, head.Id, middle.Id);
        await ApiCaller.RefusedAsync(wrong, 422, "checksum_mismatch");
        using var asTheyCame = await caller.CompleteAsync(upload.Id);
        await ApiCaller.RefusedAsync(asTheyCame, 422, "checksum_mismatch");

        using var done = await caller.CompleteAsync(upload.Id, head.Id, middle.Id, tail.Id);

        var completed = await ApiCaller.ReadAsync<UploadObject>(done);
        Assert.Equal(UploadObject.Completed, completed.Status);
        Assert.Equal(
            [(0L, 400L), (400L, 200L), (600L, 400L)], completed.Parts.Select(part => (part.Offset, part.Bytes)));
        var folder = Path.Combine(server.DataDirectory, "uploads", upload.Id);
        Assert.Equal(
            Data, await File.ReadAllBytesAsync(Path.Combine(folder, "data"), Cancellation));
        Assert.Equal(2, Directory.GetFiles(folder).Length);
    }

    // As a kill leaves it: before the record of the right order, or between that and the file.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PartIds_WhoseOrderAKillCutShort_CompleteAfterTheNextStart(bool isStored)
    {
        using var folder = new TemporaryFolder();
        string id;
        string[] order;
        string data;
        using (var server = new ApiServer(folder.Path))
        {
            var caller = server.Caller();
            id = (await caller.AnnounceAsync(Announced)).Id;
            data = folder.At("uploads", id, "data");
            var tail = await caller.AddFormPartAsync(id, Data.AsMemory(400));
            var head = await caller.AddFormPartAsync(id, Data.AsMemory(0, 400));
            order = [head.Id, tail.Id];
            if (isStored)
            {
                (await caller.CompleteAsync(id, order)).Dispose();
            }
        }

        await File.WriteAllBytesAsync(data, [.. Data[400..], .. Data[..400]], Cancellation);
        await File.WriteAllBytesAsync(data + ".new", isStored ? Data : Data[..700], Cancellation);
        using var again = new ApiServer(folder.Path);
        using var done = await again.Caller().CompleteAsync(id, order);

        Assert.Equal(UploadObject.Completed, (await ApiCaller.ReadAsync<UploadObject>(done)).Status);
        Assert.Equal(Data, await File.ReadAllBytesAsync(data, Cancellation));
        Assert.False(File.Exists(data + ".new"));
    }
}
