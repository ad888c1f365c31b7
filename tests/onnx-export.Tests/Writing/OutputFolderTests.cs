using Stip.Export.Writing;
using Stip.Onnx;
using Stip.TestKit;

namespace Stip.Export.Tests.Writing;

public sealed class OutputFolderTests
{
    private const int LongestName = 255;

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
    public void AFolderThatIsTakenMeanwhile_CostsNothingThatWasMade()
    {
        using var folder = new TemporaryFolder();
        string made;
        using (var output = OutputFolder.Create(folder.At("out")))
        {
            made = Path.Combine(output.WorkPath, "file");
            File.WriteAllText(made, "");
            Directory.CreateDirectory(folder.At("out", "other"));

            var fault = Assert.Throws<RefusedException>(output.Complete);

            Assert.Contains(output.WorkPath, fault.Message, StringComparison.Ordinal);
        }

        Assert.True(File.Exists(made));
    }

    /// <summary>A folder that can take no other name, as one that a volume is mounted at.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AFolderThatCannotBeReplaced_IsWrittenInto(bool completes)
    {
        using var folder = new TemporaryFolder();
        var path = folder.At(new string('o', LongestName));
        Directory.CreateDirectory(path);
        using (var output = OutputFolder.Create(path))
        {
            Assert.StartsWith(path + Path.DirectorySeparatorChar, output.WorkPath, StringComparison.Ordinal);
            Directory.CreateDirectory(Path.Combine(output.WorkPath, "cloud"));
            File.WriteAllText(Path.Combine(output.WorkPath, "file"), "");
            if (completes)
            {
                output.Complete();
            }
        }

        Assert.Equal(
            completes ? ["cloud", "file"] : [],
            Directory.EnumerateFileSystemEntries(path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void AnEntryThatCannotBeMoved_LeavesAllWhereItWasMade()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At(new string('o', LongestName));
        Directory.CreateDirectory(path);
        using var output = OutputFolder.Create(path);

        // The last one would have to be where all of them are; its name begins with a hexadecimal digit.
        var last = Path.GetFileName(output.WorkPath);
        Directory.CreateDirectory(Path.Combine(output.WorkPath, "+cloud"));
        File.WriteAllText(Path.Combine(output.WorkPath, "+file"), "");
        File.WriteAllText(Path.Combine(output.WorkPath, last), "");

        var fault = Assert.Throws<RefusedException>(output.Complete);

        Assert.Contains($"lies whole in {output.WorkPath}", fault.Message, StringComparison.Ordinal);
        Assert.Equal([output.WorkPath], Directory.EnumerateFileSystemEntries(path));
        Assert.Equal(
            ["+cloud", "+file", last],
            Directory.EnumerateFileSystemEntries(output.WorkPath).Select(Path.GetFileName).Order(
                StringComparer.Ordinal));
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
