using Stip.Api.Registry;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

public sealed class CopiedFolderTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // More than a piece at once.
    [Fact]
    public void Copy_OfAFolder_HasEveryByteOfIt()
    {
        using var folder = new TemporaryFolder();
        var data = new byte[(4 << 20) + 12_345];
        new Random(1).NextBytes(data);
        Directory.CreateDirectory(folder.At("from", "inner"));
        File.WriteAllBytes(folder.At("from", "inner", "model.onnx"), data);
        File.WriteAllText(folder.At("from", "empty"), "");

        CopiedFolder.Make(folder.At("from"), folder.At("to"), Cancellation);

        Assert.Equal(data, File.ReadAllBytes(folder.At("to", "inner", "model.onnx")));
        Assert.Empty(File.ReadAllBytes(folder.At("to", "empty")));
    }

    // Whoever gave up a push of a large package comes again; every other registration waits for the copy.
    [Fact]
    public void Copy_ThatIsGivenUp_EndsAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("from"));
        File.WriteAllText(folder.At("from", "model.onnx"), "whole");

        Assert.Throws<OperationCanceledException>(
            () => CopiedFolder.Make(folder.At("from"), folder.At("to"), new CancellationToken(canceled: true)));

        Assert.False(Directory.Exists(folder.At("to")));
        Assert.True(File.Exists(folder.At("from", "model.onnx")));
    }

    // The first fault is the one to tell.
    [Fact]
    public void Copy_WhereNoFolderCanBeMade_SaysSo()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("from"));
        File.WriteAllText(folder.At("to"), "a file");

        var fault = Assert.ThrowsAny<IOException>(
            () => CopiedFolder.Make(folder.At("from"), folder.At("to"), Cancellation));

        Assert.IsNotType<DirectoryNotFoundException>(fault);
        Assert.True(File.Exists(folder.At("to")));
    }
}
