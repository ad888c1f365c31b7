using System.Security.Cryptography;
using Stip.Keys.Sealing;
using Stip.TestKit.Toys;

namespace Stip.Fuzz.Targets;

/// <summary>Bundles sealed for a user: whoever has the public key can make one.</summary>
internal static class SealTargets
{
    private const long MostFileBytes = 1 << 18;
    private const int MostFiles = 50;
    private static readonly byte[] Magic = "STIPSEAL"u8.ToArray();

    /// <summary>What stands in front of a sealed file.</summary>
    public static FuzzTarget Inspect(string scratch)
    {
        var path = Path.Combine(scratch, "inspected.stip");
        return new FuzzTarget("sealed-bundle", [Sealed(scratch, "inspected", NewKey())], input =>
        {
            File.WriteAllBytes(path, input);
            _ = SealedBundle.Inspect(path);
        }, typeof(SealException));
    }

    /// <summary>A sealed file that was damaged on its way: nothing of it may be left.</summary>
    public static FuzzTarget Unseal(string scratch)
    {
        var (folder, path) = Room(scratch, "opened");
        var secret = NewKey();
        return new FuzzTarget("sealed-bundle-open", [Sealed(scratch, "opened", secret)], input =>
        {
            File.WriteAllBytes(path, input);
            Open(folder, path, secret);
        }, typeof(SealException));
    }

    /// <summary>A file whose sender chose what it says and sealed it as it should be: every tag is right.</summary>
    public static FuzzTarget UnsealOfHostileSender(string scratch)
    {
        var (folder, path) = Room(scratch, "sent");
        var secret = NewKey();
        var whole = Sealed(scratch, "sent", secret);
        var start = Magic.Length + sizeof(int);
        var header = whole[start..(start + BitConverter.ToInt32(whole, Magic.Length))];
        return new FuzzTarget("sealed-bundle-sender", [header], input =>
        {
            Seal(input, path, secret);
            Open(folder, path, secret);
        }, typeof(SealException));
    }

    private static void Seal(byte[] said, string path, SealSecret secret)
    {
        using var start = new MemoryStream([.. Magic, .. BitConverter.GetBytes(said.Length), .. said]);
        var (header, _) = SealHeader.Read(start, path);
        var key = RandomNumberGenerator.GetBytes(PassphraseKey.KeyBytes);
        var bytes = (header with { Lock = secret.Wrap(key) }).ToBytes();
        using var output = File.Create(path);
        SealHeader.Write(output, bytes);
        using var chunks = new SealChunks(key, bytes);
        for (var i = 0; i < Math.Min(header.Files.Count, MostFiles); i++)
        {
            if (header.Files[i].Bytes > MostFileBytes)
            {
                break;
            }

            using var content = new MemoryStream(new byte[header.Files[i].Bytes]);
            chunks.Encrypt(i, header.Files[i].Bytes, content, output);
        }
    }

    private static void Open(string folder, string path, SealSecret secret)
    {
        try
        {
            SealedBundle.Unseal(path, folder, secret);
        }
        catch
        {
            Tidy(folder, path);
            throw;
        }

        Tidy(folder, path);
    }

    // Whatever a file says, its bundle is one folder or nothing.
    private static void Tidy(string folder, string path)
    {
        var within = folder + Path.DirectorySeparatorChar;
        var top = Path.GetFullPath(Path.Combine(folder, "..", "..", ".."));
        if (Directory.EnumerateFiles(top, "*", SearchOption.AllDirectories)
            .Any(file => file != path && !file.StartsWith(within, StringComparison.Ordinal)))
        {
            throw new FuzzLeftoverException(top);
        }

        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Deep enough to see what a name with a few .. would make.
    private static (string Folder, string Path) Room(string scratch, string name)
    {
        var room = Directory.CreateDirectory(Path.Combine(scratch, name, "above", "room")).FullName;
        return (Path.Combine(room, "client"), Path.Combine(room, "client.stip"));
    }

    private static byte[] Sealed(string scratch, string name, SealSecret secret)
    {
        var (folder, path) = (Path.Combine(scratch, $"{name}-toy"), Path.Combine(scratch, $"{name}-toy.stip"));
        ToyBundle.Write(folder, new ToyModel(vocabSize: 4));
        SealedBundle.Seal(folder, path, secret);
        return File.ReadAllBytes(path);
    }

    // A key rather than a passphrase, which is slow by design.
    private static SealSecret NewKey()
    {
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return SealSecret.FromPem(key.ExportPkcs8PrivateKeyPem());
    }
}
