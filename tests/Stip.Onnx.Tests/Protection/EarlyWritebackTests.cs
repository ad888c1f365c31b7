using System.Runtime.InteropServices;
using Stip.Onnx.Protection;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>C libraries without <c>sync_file_range</c>: files are written all the same, none is asked twice.</summary>
public sealed class EarlyWritebackTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Start_WhereTheLibraryHasNoSuchFunction_AsksOnce(bool hasLibrary)
    {
        using var folder = new TemporaryFolder();
        using var file = File.OpenHandle(folder.At("file"), FileMode.Create, FileAccess.Write);
        var (asked, isMissing) = (0, false);

        for (var i = 1; i <= 3; i++)
        {
            RandomAccess.Write(file, new byte[] { (byte)i }, i - 1);
            EarlyWriteback.Start(file, i - 1, 1, Ask, ref isMissing);
        }

        Assert.True(isMissing);
        Assert.Equal(1, asked);
        Assert.Equal(3, RandomAccess.GetLength(file));

        int Ask(SafeHandle handle, long offset, long count, uint flags)
        {
            asked++;
            throw hasLibrary ? new EntryPointNotFoundException() : new DllNotFoundException();
        }
    }

    [Fact]
    public void Start_WhereItIsThere_IsAskedForEveryPieceAndForNoneOfNothing()
    {
        using var folder = new TemporaryFolder();
        using var file = File.OpenHandle(folder.At("file"), FileMode.Create, FileAccess.Write);
        var (asked, isMissing) = (new List<(long Offset, long Count)>(), false);

        EarlyWriteback.Start(file, 0, 4, Ask, ref isMissing);
        EarlyWriteback.Start(file, 4, 0, Ask, ref isMissing);
        EarlyWriteback.Start(file, 4, 2, Ask, ref isMissing);

        Assert.Equal([(0L, 4L), (4L, 2L)], asked);
        Assert.False(isMissing);

        // A file system that cannot says so; the bytes only go later.
        int Ask(SafeHandle handle, long offset, long count, uint flags)
        {
            asked.Add((offset, count));
            return -1;
        }
    }
}
