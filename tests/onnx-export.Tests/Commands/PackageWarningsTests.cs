using Stip.Export.Commands;
using Stip.Onnx.Protection;

namespace Stip.Export.Tests.Commands;

public sealed class PackageWarningsTests
{
    [Fact]
    public void Of_SeveralPackages_NamesThoseThatAWarningIsOf() => Assert.Equal(
        ["tied embeddings", "instance 2, 3: in the clear: output 'best'", "instance 3: all that a node touches stays"],
        PackageWarnings.Of(
        [
            Package("tied embeddings"),
            Package("tied embeddings", "in the clear: output 'best'"),
            Package("tied embeddings", "all that a node touches stays", "in the clear: output 'best'"),
        ]));

    [Fact]
    public void Of_OnePackage_AreItsOwn() =>
        Assert.Equal(["one", "two"], PackageWarnings.Of([Package("one", "two")]));

    private static ProtectionResult Package(params string[] warnings) => new("toy", "i", 1, null, warnings);
}
