using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Stip.DeveloperPortal.Hosting;
using Stip.DeveloperPortal.Packages;
using Stip.TestKit;

namespace Stip.DeveloperPortal.Tests.Packages;

public sealed class PackageFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void List_FolderIsMissing_IsEmpty() => Assert.Empty(FolderAt(_folder.At("nowhere")).List());

    [Fact]
    public void List_CompletePackage_HasNoFault()
    {
        SomePackage.WriteTo(_folder.At("stories"), "stories");

        var package = Assert.Single(FolderAt(_folder.Path).List());

        Assert.Null(package.Fault);
        Assert.Equal("stories", package.Manifest?.Model);
        Assert.Equal("weights".Length, package.CloudBytes);
    }

    [Fact]
    public void List_FileIsShorterThanTheManifestSays_NamesIt()
    {
        SomePackage.WriteTo(_folder.At("stories"), "stories", claimedBytes: 99);

        Assert.Equal("model.onnx has 7 bytes of 99", Assert.Single(FolderAt(_folder.Path).List()).Fault);
    }

    [Fact]
    public void List_FileThatIsALink_IsAsLongAsWhatItLeadsTo()
    {
        SomePackage.WriteTo(_folder.At("packages", "stories"), "stories");
        var model = _folder.At("packages", "stories", "cloud", "model.onnx");
        File.Move(model, _folder.At("elsewhere"));
        File.CreateSymbolicLink(model, _folder.At("elsewhere"));

        Assert.Null(Assert.Single(FolderAt(_folder.At("packages")).List()).Fault);
    }

    // What a relative link says holds from where it lies.
    [Fact]
    public void List_RelativeLinkInALinkedFolder_IsAsLongAsWhatItLeadsTo()
    {
        SomePackage.WriteTo(_folder.At("cache", "stories"), "stories");
        var model = _folder.At("cache", "stories", "cloud", "model.onnx");
        File.Move(model, _folder.At("cache", "blob"));
        File.CreateSymbolicLink(model, Path.Combine("..", "..", "blob"));
        Directory.CreateDirectory(_folder.At("packages"));
        Directory.CreateSymbolicLink(_folder.At("packages", "stories"), _folder.At("cache", "stories"));

        Assert.Null(Assert.Single(FolderAt(_folder.At("packages")).List()).Fault);
    }

    [Theory]
    [InlineData("null", 0)]
    [InlineData("[null]", 0)]
    [InlineData("""[{"path":null,"bytes":1,"sha256":"a"}]""", 1)]
    [InlineData("""[{"path":"a","bytes":1}]""", 1)]
    public void List_ManifestWithoutAListOfFiles_SaysSo(string files, long bytes)
    {
        WriteFiles(files);

        var package = Assert.Single(FolderAt(_folder.Path).List());

        Assert.Equal(("stip.json has no list of files", bytes), (package.Fault, package.CloudBytes));
    }

    [Fact]
    public void List_FileWhoseNameIsNone_SaysSo()
    {
        WriteFiles("""[{"path":"a\u0000","bytes":1,"sha256":"a"}]""");

        Assert.Equal("stip.json cannot be read: ArgumentException", Assert.Single(FolderAt(_folder.Path).List()).Fault);
    }

    [Fact]
    public void List_FilesOfMoreBytesThanAreCounted_AreTooShort()
    {
        const long most = long.MaxValue;
        WriteFiles($$"""
            [{"path":"a","bytes":{{most}},"sha256":"a"},{"path":"b","bytes":{{most}},"sha256":"b"}]
            """);

        var package = Assert.Single(FolderAt(_folder.Path).List());

        Assert.Equal(($"a has 0 bytes of {most}", most), (package.Fault, package.CloudBytes));
    }

    [Fact]
    public void List_ManifestIsNotJson_SaysSo()
    {
        Directory.CreateDirectory(_folder.At("broken", "cloud"));
        File.WriteAllText(_folder.At("broken", "cloud", "stip.json"), "{");

        Assert.Equal("stip.json cannot be read: JsonException", Assert.Single(FolderAt(_folder.Path).List()).Fault);
    }

    [Fact]
    public void List_FolderWithoutManifest_SaysSo()
    {
        Directory.CreateDirectory(_folder.At("other"));

        Assert.Equal("there is no cloud/stip.json", Assert.Single(FolderAt(_folder.Path).List()).Fault);
    }

    private void WriteFiles(string files)
    {
        SomePackage.WriteTo(_folder.At("stories"), "stories");
        var path = _folder.At("stories", "cloud", "stip.json");
        var manifest = JsonNode.Parse(File.ReadAllText(path))!;
        manifest["files"] = JsonNode.Parse(files);
        File.WriteAllText(path, manifest.ToJsonString());
    }

    private static PackageFolder FolderAt(string path) =>
        new(Options.Create(new PortalOptions { PackagesDirectory = path }));
}
