using System.Diagnostics;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

/// <summary>A large package that is pushed again is hashed for minutes: nobody waits for that but whoever pushed it.
/// </summary>
public sealed class HeldHashTests
{
    public static bool HasNoPipes => OperatingSystem.IsWindows();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // The stored file is a pipe that gives its bytes when the test says so.
    [Fact(Skip = "files are no pipes there", SkipWhen = nameof(HasNoPipes))]
    public async Task PackageThatIsHashed_KeepsNobodyFromRemovingAnotherModel()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        using var other = new TemporaryFolder();
        new TinyDecoder().WriteTo(folder.Path);
        new TinyDecoder(Model: "other").WriteTo(other.Path);
        (await server.Caller().PushAsync(other.Path)).Dispose();
        (await server.Caller().PushAsync(folder.Path)).Dispose();
        var ids = await server.Caller().UploadAllAsync(folder.Path);
        var stored = Path.Combine(
            Directory.GetDirectories(server.PackageFolder("")).Single(path => Path.GetFileName(path)
                .StartsWith("tiny-", StringComparison.Ordinal)),
            "model.onnx");
        var bytes = await File.ReadAllBytesAsync(stored, Cancellation);
        File.Delete(stored);
        using (var made = Process.Start("mkfifo", [stored]))
        {
            await made.WaitForExitAsync(Cancellation);
        }

        var pushing = server.Caller().PostAsync(StipRoutes.Models, new ModelRegisterRequest(ids));
        // Opens when somebody reads it.
        await using (var pipe = await Task.Run(
            () => new FileStream(stored, FileMode.Open, FileAccess.Write, FileShare.ReadWrite), Cancellation))
        {
            using var deleted = await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.Models}/other");
            Assert.True((await ApiCaller.ReadAsync<DeletedObject>(deleted)).Deleted);
            Assert.False(pushing.IsCompleted);
            await pipe.WriteAsync(bytes, Cancellation);
        }

        using var pushed = await pushing;
        Assert.Equal("tiny", (await ApiCaller.ReadAsync<ModelObject>(pushed)).Id);
    }
}
