using System.Security.Cryptography;
using Stip.Keys.Sealing;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Keys.Tests.Sealing;

public sealed class SealedBundleTests : IDisposable
{
    private const string Phrase = "correct horse";
    private readonly TemporaryFolder _folder = new();
    private readonly string _bundle;
    private readonly string _sealed;

    public SealedBundleTests()
    {
        (_bundle, _sealed) = (_folder.At("client"), _folder.At("bundle.sealed"));
        ToyBundle.Write(_bundle, new ToyModel());
        // More than one chunk, and a file in a folder of its own.
        Directory.CreateDirectory(Path.Combine(_bundle, "draft"));
        File.WriteAllBytes(Path.Combine(_bundle, "draft", "model.onnx"), RandomNumberGenerator.GetBytes(2_500_000));
    }

    private static SealSecret Secret => SealSecret.FromPassphrase(Phrase);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Unseal_Cancelled_LeavesNoFolder()
    {
        SealedBundle.Seal(_bundle, _sealed, Secret);

        Assert.Throws<OperationCanceledException>(() => SealedBundle.Unseal(
            _sealed, _folder.At("open"), Secret, new CancellationToken(canceled: true)));

        Assert.Equal([_bundle], Directory.GetDirectories(_folder.Path));
    }

    [Fact]
    public void Unseal_WhatSealMade_IsTheSameFilesForTheOwnerOnly()
    {
        SealedBundle.Seal(_bundle, _sealed, Secret);

        Unseal(_sealed, _folder.At("open"), Secret);

        var files = Files(_bundle);
        Assert.Equal(files, Files(_folder.At("open")));
        Assert.All(files, file => Assert.Equal(
            File.ReadAllBytes(Path.Combine(_bundle, file)), File.ReadAllBytes(Path.Combine(_folder.At("open"), file))));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal("rw-------", Mode(_sealed));
            Assert.All(files, file => Assert.Equal("rw-------", Mode(Path.Combine(_folder.At("open"), file))));
        }
    }

    [Fact]
    public void Seal_BundleOfLinks_HoldsWhatTheyLeadTo()
    {
        var model = Path.Combine(_bundle, "draft", "model.onnx");
        File.Move(model, _folder.At("elsewhere"));
        File.CreateSymbolicLink(model, _folder.At("elsewhere"));

        SealedBundle.Seal(_bundle, _sealed, Secret);
        Unseal(_sealed, _folder.At("open"), Secret);

        Assert.Equal(
            File.ReadAllBytes(_folder.At("elsewhere")),
            File.ReadAllBytes(Path.Combine(_folder.At("open"), "draft", "model.onnx")));
    }

    [Fact]
    public void Inspect_FilesOfMoreBytesThanAreCounted_IsRefused()
    {
        SealedBundle.Seal(_bundle, _sealed, Secret);
        var header = SealedBundle.Inspect(_sealed);
        var huge = header with
        {
            Files = [new SealHeader.SealedFile("a", long.MaxValue), new SealHeader.SealedFile("b", long.MaxValue)],
        };
        using (var file = File.Create(_sealed))
        {
            SealHeader.Write(file, huge.ToBytes());
        }

        Assert.Throws<SealException>(() => SealedBundle.Inspect(_sealed));
    }

    [Fact]
    public void Inspect_SealedBundle_SaysWhoseItIsAndNoMore()
    {
        SealedBundle.Seal(_bundle, _sealed, Secret);

        var header = SealedBundle.Inspect(_sealed);

        Assert.Equal(("toy", "instance-1", SealLock.Passphrase), (header.Model, header.Instance, header.Lock.Kind));
        Assert.DoesNotContain(Phrase, Secret.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Unseal_ByTheUsersKey_OpensWithThatKeyOnly()
    {
        using var user = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        SealedBundle.Seal(_bundle, _sealed, SealSecret.FromPem(user.ExportSubjectPublicKeyInfoPem()));

        Refuses("wrong passphrase or key", SealSecret.FromPem(other.ExportPkcs8PrivateKeyPem()));
        Refuses("sealed to a public key", Secret);
        Unseal(_sealed, _folder.At("open"), SealSecret.FromPem(user.ExportPkcs8PrivateKeyPem()));

        Assert.Equal(Files(_bundle), Files(_folder.At("open")));
    }

    [Fact]
    public void Unseal_WrongPassphrase_IsOneLineAndNoFolder()
    {
        SealedBundle.Seal(_bundle, _sealed, Secret);

        Refuses("wrong passphrase", SealSecret.FromPassphrase("battery staple"));
    }

    [Theory]
    [InlineData(-1, "truncated")]
    [InlineData(-2_000_000, "truncated")]
    [InlineData(1, "more bytes")]
    public void Unseal_OtherLength_IsRefused(int change, string said)
    {
        SealedBundle.Seal(_bundle, _sealed, Secret);
        using (var file = new FileStream(_sealed, FileMode.Open))
        {
            file.SetLength(file.Length + change);
        }

        Refuses(said, Secret);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(5000)]
    public void Unseal_ChangedByte_IsRefused(int place)
    {
        SealedBundle.Seal(_bundle, _sealed, Secret);
        var bytes = File.ReadAllBytes(_sealed);
        bytes[place] ^= 1;
        File.WriteAllBytes(_sealed, bytes);

        Refuses("", Secret);
    }

    [Fact]
    public void Unseal_ChunksOfAnotherBundle_AreRefused()
    {
        // The same files and the same passphrase, sealed twice: no part of one passes for the other's.
        SealedBundle.Seal(_bundle, _sealed, Secret);
        SealedBundle.Seal(_bundle, _folder.At("again.sealed"), Secret);
        var (one, two) = (File.ReadAllBytes(_sealed), File.ReadAllBytes(_folder.At("again.sealed")));
        var tail = 2_000_000;
        two.AsSpan(^tail..).CopyTo(one.AsSpan(^tail..));
        File.WriteAllBytes(_sealed, one);

        Refuses("exchanged", Secret);
    }

    [Fact]
    public void Rekey_NewPassphrase_TakesThePlaceOfTheOld()
    {
        SealedBundle.Seal(_bundle, _sealed, Secret);
        var next = SealSecret.FromPassphrase("battery staple");

        SealedBundle.Rekey(_sealed, _folder.At("next.sealed"), Secret, next);

        Assert.Throws<SealException>(() => Unseal(_folder.At("next.sealed"), _folder.At("no"), Secret));
        Unseal(_folder.At("next.sealed"), _folder.At("open"), next);
        Assert.Equal(Files(_bundle), Files(_folder.At("open")));
    }

    [Fact]
    public void Rekey_TruncatedBundle_LeavesNothing()
    {
        SealedBundle.Seal(_bundle, _sealed, Secret);
        using (var file = new FileStream(_sealed, FileMode.Open))
        {
            file.SetLength(file.Length - 1);
        }

        var before = Files(_folder.Path);
        var refusal = Assert.Throws<SealException>(() =>
            SealedBundle.Rekey(
                _sealed, _folder.At("next.sealed"), Secret, SealSecret.FromPassphrase("battery staple")));

        Assert.Contains("truncated", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, Files(_folder.Path));
    }

    [Theory]
    [InlineData("1.3.132.0.10")] // secp256k1, of 256 bits too
    [InlineData("1.3.36.3.3.2.8.1.1.7")] // brainpoolP256r1, as well
    [InlineData("1.3.132.0.34")] // P-384
    public void FromPem_AnotherCurve_IsRefused(string oid)
    {
        using var user = ECDiffieHellman.Create(ECCurve.CreateFromValue(oid));

        var refusal = Assert.Throws<SealException>(() => SealSecret.FromPem(user.ExportSubjectPublicKeyInfoPem()));

        Assert.EndsWith("allowed is P-256", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromPassphrase_Short_IsRefused() =>
        Assert.Throws<SealException>(() => SealSecret.FromPassphrase("1234567"));

    private static string[] Files(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal)];

    private static string Mode(string path)
    {
        var mode = OperatingSystem.IsWindows() ? 0 : File.GetUnixFileMode(path);
        return string.Concat(Enumerable.Range(0, 9).Select(bit =>
            ((int)mode >> (8 - bit) & 1) == 1 ? "rwx"[bit % 3] : '-'));
    }

    private void Refuses(string said, SealSecret secret)
    {
        var refusal = Assert.Throws<SealException>(() =>
            Unseal(_sealed, _folder.At("refused"), secret));
        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_folder.Path), path =>
            Path.GetFileName(path).StartsWith("refused", StringComparison.Ordinal));
    }

    private static void Unseal(string path, string folder, SealSecret secret) =>
        SealedBundle.Unseal(path, folder, secret, TestContext.Current.CancellationToken);
}
