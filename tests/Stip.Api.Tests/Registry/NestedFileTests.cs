using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

/// <summary>A package that lists a file and another one inside of it, which no folder can hold.</summary>
public sealed class NestedFileTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // By itself, and where its manifest is wrong in other ways too: the next registration of anybody's is answered.
    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task File_InsideOfAFile_IsRefusedByNameAndHoldsNobodyUp(int keyEpoch)
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        var caller = server.Caller();
        var ids = await UploadAsync(caller, folder, keyEpoch);
        for (var i = 0; i < 2; i++)
        {
            using var refused = await RegisterAsync(caller, ids);
            var error = await ApiCaller.RefusedAsync(refused, 422, "package_invalid");
            Assert.Contains("'a/b' would lie in 'a'", error.Detail, StringComparison.Ordinal);
        }

        using var other = new TemporaryFolder();
        PackageFiles.Write(other.Path, new TinyDecoder().WriteTo(other.Path) with { KeyEpoch = -1 });
        using var faulty = await RegisterAsync(caller, await caller.UploadAllAsync(other.Path));
        await ApiCaller.RefusedAsync(faulty, 422, "package_invalid");
        using var whole = new TemporaryFolder();
        new TinyDecoder().WriteTo(whole.Path);
        using var good = await RegisterAsync(caller, await caller.UploadAllAsync(whole.Path));
        Assert.Equal("tiny", (await ApiCaller.ReadAsync<ModelObject>(good)).Id);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(server.DataDirectory, "staging")));
    }

    private static async Task<List<string>> UploadAsync(ApiCaller caller, TemporaryFolder folder, int keyEpoch)
    {
        var manifest = new TinyDecoder().WriteTo(folder.Path);
        File.WriteAllText(folder.At("notes"), "which nobody reads");
        var notes = PackageFiles.Of(folder.At("notes"));
        PackageFile[] files = [.. manifest.Files, notes with { Path = "a" }, notes with { Path = "a/b" }];
        PackageFiles.Write(folder.Path, manifest with
        {
            Files = files,
            Fingerprint = PackageFingerprint.Compute(files),
            KeyEpoch = keyEpoch,
        });
        List<string> ids =
        [
            await caller.UploadAsync(folder.At("model.onnx")),
            await caller.UploadAsync(folder.At(PackageManifest.FileName)),
        ];
        foreach (var path in new[] { "a", "a/b" })
        {
            var upload = await caller.AnnounceAsync(notes with { Path = path });
            await caller.AddFormPartAsync(upload.Id, await File.ReadAllBytesAsync(folder.At("notes"), Cancellation));
            using var completed = await caller.CompleteAsync(upload.Id);
            Assert.True(completed.IsSuccessStatusCode);
            ids.Add(upload.Id);
        }

        return ids;
    }

    private static Task<HttpResponseMessage> RegisterAsync(ApiCaller caller, List<string> ids) =>
        caller.PostAsync(StipRoutes.Models, new ModelRegisterRequest(ids)).WaitAsync(Patience, Cancellation);
}
