using Stip.Keys.Owner;
using Stip.Keys.Permutations;
using Stip.TestKit;

namespace Stip.Keys.Tests.Owner;

public sealed class OwnerStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static OwnerManifest Manifest { get; } = new(
        OwnerManifest.CurrentFormat, "model", "instance", 1, "permutation", "cloud", "plain",
        [new GraphKeys("decoder", [new AxisKeys("w", "w", [0, null])], [new PortKeys("x", [2], 0)], [])]);

    private static Permutation[] Permutations { get; } =
        [Permutation.Random(17, new SeededRandom(1)), Permutation.Identity(0), Permutation.Identity(3)];

    [Theory]
    [InlineData(null)]
    [InlineData("correct horse")]
    public void Load_AfterSave_GivesTheSameKeys(string? passphrase)
    {
        OwnerStore.Save(_folder.At("owner"), Manifest, Permutations, passphrase);

        var (manifest, permutations) = OwnerStore.Load(_folder.At("owner"), passphrase);

        Assert.Equal(Permutations, permutations);
        Assert.Equal("cloud", manifest.Fingerprint);
        Assert.Equal([0, null], manifest.Graphs[0].Initializers[0].Axes);
        Assert.Equal(2, manifest.Graphs[0].Inputs[0].FeatureAxes[0]);
        Assert.Equal(passphrase is null, manifest.Encryption is null);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    public void Load_WithAnotherPassphrase_IsRefused(string? passphrase)
    {
        OwnerStore.Save(_folder.At("owner"), Manifest, Permutations, "right");

        Assert.Throws<InvalidDataException>(() => OwnerStore.Load(_folder.At("owner"), passphrase));
    }

    [Fact]
    public void Save_WithAPassphrase_LeavesNoKeyInTheClear()
    {
        OwnerStore.Save(_folder.At("plain"), Manifest, Permutations);
        OwnerStore.Save(_folder.At("sealed"), Manifest, Permutations, "right");

        var plain = File.ReadAllBytes(_folder.At("plain", OwnerManifest.KeysFileName));
        var hidden = File.ReadAllBytes(_folder.At("sealed", OwnerManifest.KeysFileName));

        Assert.Equal(-1, hidden.AsSpan().IndexOf(plain.AsSpan(plain.Length - 32)));
    }

    [Fact]
    public void Save_MakesFilesForTheirOwnerOnly()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        OwnerStore.Save(_folder.At("owner"), Manifest, Permutations);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ModeOf(OwnerManifest.KeysFileName));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ModeOf(OwnerManifest.FileName));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(60)]
    [InlineData(-3)]
    public void Load_OfATruncatedKeyFile_IsRefused(int kept)
    {
        OwnerStore.Save(_folder.At("owner"), Manifest, Permutations);
        var path = _folder.At("owner", OwnerManifest.KeysFileName);
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(kept < 0 ? bytes.Length + kept : kept)]);

        Assert.Throws<InvalidDataException>(() => OwnerStore.Load(_folder.At("owner")));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("""{"format": "stip-owner/9"}""")]
    public void Load_OfAnotherManifest_IsRefused(string manifest)
    {
        OwnerStore.Save(_folder.At("owner"), Manifest, Permutations);
        File.WriteAllText(_folder.At("owner", OwnerManifest.FileName), manifest);

        Assert.Throws<InvalidDataException>(() => OwnerStore.Load(_folder.At("owner")));
    }

    [Fact]
    public void Load_WithoutAFolder_IsRefused() =>
        Assert.ThrowsAny<IOException>(() => OwnerStore.Load(_folder.At("nowhere")));

    public void Dispose() => _folder.Dispose();

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private UnixFileMode ModeOf(string file) => File.GetUnixFileMode(_folder.At("owner", file));
}
