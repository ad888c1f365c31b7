using Stip.Export.Writing;
using Stip.Onnx;
using Stip.TestKit;

namespace Stip.Export.Tests.Writing;

public sealed class OutputFolderTests
{
    [Fact]
    public void ALink_IsRefusedAndStays()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("real"));
        Directory.CreateSymbolicLink(folder.At("link"), folder.At("real"));

        var fault = Assert.Throws<RefusedException>(() => OutputFolder.Create(folder.At("link")));

        Assert.Contains("is a link", fault.Message, StringComparison.Ordinal);
        Assert.NotNull(new DirectoryInfo(folder.At("link")).LinkTarget);
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(folder.Path).Count());
    }

    [Fact]
    public void AFolderThatIsEmpty_IsTaken()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("empty"));
        using (var output = OutputFolder.Create(folder.At("empty")))
        {
            File.WriteAllText(Path.Combine(output.WorkPath, "file"), "");
            output.Complete();
        }

        Assert.Equal([folder.At("empty")], Directory.EnumerateFileSystemEntries(folder.Path));
        Assert.True(File.Exists(Path.Combine(folder.At("empty"), "file")));
    }
}
