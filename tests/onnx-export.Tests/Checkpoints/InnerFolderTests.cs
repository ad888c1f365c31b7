using Stip.Export.Checkpoints;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints;

public sealed class InnerFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // Each link of several holds from where it lies, and not from where its name was.
    [Theory]
    [InlineData("out", false)]
    [InlineData("in", true)]
    public void Holds_OfALinkThroughALinkedFolder_FollowsEachFromWhereItLies(string inner, bool expected)
    {
        Directory.CreateDirectory(_folder.At("model", "kept"));
        Directory.CreateDirectory(_folder.At("elsewhere", "deep"));
        Directory.CreateDirectory(_folder.At("elsewhere", "kept"));
        Directory.CreateSymbolicLink(_folder.At("elsewhere", "deep", "out"), Path.Combine("..", "kept"));
        Directory.CreateSymbolicLink(_folder.At("elsewhere", "deep", "in"), _folder.At("model", "kept"));
        Directory.CreateSymbolicLink(_folder.At("model", "linked"), _folder.At("elsewhere", "deep"));
        Directory.CreateSymbolicLink(_folder.At("model", "named"), Path.Combine("linked", inner));

        Assert.Equal(expected, InnerFolder.Holds(_folder.At("model"), "named"));
    }

    public void Dispose() => _folder.Dispose();
}
