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

    private static PackageFolder FolderAt(string path) =>
        new(Options.Create(new PortalOptions { PackagesDirectory = path }));
}
