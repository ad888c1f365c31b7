using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Stip.Api.Registry;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

public sealed class DataFoldersTests
{
    [Fact]
    public void Folder_OfARunningServer_IsRefusedUntilItHasEnded()
    {
        using var folder = new TemporaryFolder();
        using (Open(folder))
        {
            var refusal = Assert.Throws<IOException>(() => Open(folder));
            Assert.Contains("in use by another server", refusal.Message, StringComparison.Ordinal);
        }

        Open(folder).Dispose();
    }

    // A package goes out of the way before it is deleted: a power cut in between leaves a part of it in staging.
    [Fact]
    public async Task Deletion_ThatWasCutShort_IsFinishedAtTheNextStartAndServesNothing()
    {
        using var folder = new TemporaryFolder();
        using (var server = new ApiServer(folder.Path))
        {
            new TinyDecoder().WriteTo(folder.At("packages", "whole"));
        }

        new TinyDecoder(Model: "half").WriteTo(folder.At("staging", "half"));
        File.Delete(folder.At("staging", "half", "model.onnx"));
        var log = new LogLines();
        using var restarted = new ApiServer(folder.Path, ("Serilog:MinimumLevel:Default", "Error")) { Log = log };
        var models = await restarted.Caller().GetAsync<ListObject<ModelObject>>(StipRoutes.Models);

        Assert.Equal("tiny", Assert.Single(models.Data).Id);
        Assert.Empty(Directory.GetFileSystemEntries(folder.At("staging")));
        Assert.Empty(log.All);
    }

    [Fact]
    public void Deletion_OfAPackage_LeavesNothingOfIt()
    {
        using var folder = new TemporaryFolder();
        using var folders = Open(folder);
        new TinyDecoder().WriteTo(Path.Combine(folders.Packages, "tiny"));
        folders.TryDelete(Path.Combine(folders.Packages, "tiny"), NullLogger.Instance);

        Assert.Empty(Directory.GetFileSystemEntries(folders.Packages));
        Assert.Empty(Directory.GetFileSystemEntries(folders.Staging));
    }

    // Of a folder that staging cannot take a part would be left, and its model come back with the next start.
    [Fact]
    public void PackageOfAnotherFileSystem_ThatIsSetAside_IsFoundByNoStartAndDeletedAtTheNext()
    {
        const string Memory = "/dev/shm";
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(Memory), "there is no second file system");
        using var folder = new TemporaryFolder();
        using var folders = Open(folder);
        var elsewhere = Path.Combine(Memory, Path.GetRandomFileName());
        try
        {
            new TinyDecoder().WriteTo(Path.Combine(elsewhere, "tiny"));
            Directory.CreateSymbolicLink(Path.Combine(folders.Packages, "mine"), elsewhere);
            var package = Path.Combine(folders.Packages, "mine", "tiny");
            Assert.Equal([package], FoundPackages.Naming("tiny", folders.Packages));

            Assert.True(folders.SetAside([package], NullLogger.Instance).Is(out var aside, out _));

            Assert.False(Directory.Exists(package));
            Assert.True(File.Exists(Path.Combine(Assert.Single(aside), "stip.json")));
            Assert.Empty(FoundPackages.Naming("tiny", folders.Packages));
            folders.DeleteUnfinished(NullLogger.Instance);
            Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
        }
        finally
        {
            Directory.Delete(elsewhere, recursive: true);
        }
    }

    private static DataFolders Open(TemporaryFolder folder) =>
        new(Options.Create(new ApiOptions { DataDirectory = folder.Path }));
}
