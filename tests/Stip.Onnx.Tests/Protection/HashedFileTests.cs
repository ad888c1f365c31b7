using System.Security.Cryptography;
using Stip.Onnx.Protection;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>A file that is hashed while it is written.</summary>
public sealed class HashedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // A model of many small files makes no more than one tile for each.
    [Theory]
    [InlineData(100)]
    [InlineData(RowTiles.TileBytes)]
    public void Complete_OfOneTile_MakesNoOther(int length)
    {
        var bytes = new byte[length];
        new Random(7).NextBytes(bytes);
        using var file = new HashedFile(_folder.At("weights"));
        file.Write(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var done = file.Complete();

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, RowTiles.TileBytes - 1);
        Assert.Equal(
            (length, Convert.ToHexStringLower(SHA256.HashData(bytes))), ((int)done.Bytes, done.Sha256));
        Assert.Equal(bytes, File.ReadAllBytes(_folder.At("weights")));
    }

    public void Dispose() => _folder.Dispose();
}
