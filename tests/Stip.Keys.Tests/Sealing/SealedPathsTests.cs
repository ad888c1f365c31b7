using Stip.Keys.Sealing;

namespace Stip.Keys.Tests.Sealing;

public sealed class SealedPathsTests
{
    [Theory]
    [InlineData("bundle.json draft/model.onnx draft/config.json")]
    [InlineData("Übersicht.txt")]
    [InlineData("console.txt COM0")]
    public void AreAllowed_NamesThatEverySystemMakes_AreTaken(string paths) =>
        Assert.True(SealedPaths.AreAllowed(paths.Split(' ')));

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../out")]
    [InlineData("in\\..\\..\\out")]
    [InlineData("a//b")]
    [InlineData("")]
    [InlineData("zero\0in")]
    [InlineData("line\nend")]
    [InlineData("stream:of")]
    [InlineData("a.")]
    [InlineData("a../b")]
    [InlineData("NUL")]
    [InlineData("con.txt")]
    [InlineData("draft/Lpt1.onnx")]
    [InlineData("twice twice")]
    [InlineData("twice TWICE")]
    [InlineData("file file/within")]
    [InlineData("file/within/it FILE")]
    public void AreAllowed_NamesThatCouldNotBeMade_AreRefused(string paths) =>
        Assert.False(SealedPaths.AreAllowed(paths.Split(' ')));

    [Fact]
    public void AreAllowed_NameThatEndsInASpace_IsRefused() => Assert.False(SealedPaths.AreAllowed(["a "]));

    [Fact]
    public void AreAllowed_NameLongerThanFileSystemsTake_IsRefused() =>
        Assert.False(SealedPaths.AreAllowed([new string('ü', 128)]));
}
