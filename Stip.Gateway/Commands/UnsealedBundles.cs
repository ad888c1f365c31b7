using System.Runtime.InteropServices;
using Stip.Keys.Bundles;
using Stip.Keys.Sealing;

namespace Stip.Gateway.Commands;

/// <summary>Sealed bundles as folders that only this user can read, for as long as the program runs.</summary>
internal sealed class UnsealedBundles : IDisposable
{
    private const string Prefix = "stip-bundle-";
    private const int MostTries = 20;
    private readonly List<DirectoryInfo> _folders = [];

    /// <summary>The folder of a bundle: the path itself where it is no sealed file.</summary>
    /// <param name="path">Folder, or file of <c>bundle seal</c>.</param>
    /// <param name="secret">Asked for where it is sealed.</param>
    public string Open(string path, Func<SealSecret> secret)
    {
        if (!File.Exists(path) || Path.GetFileName(path) == BundleManifest.FileName)
        {
            return path;
        }

        // Made with access for its owner alone.
        var folder = Directory.CreateTempSubdirectory(Prefix);
        _folders.Add(folder);
        var bundle = Path.Combine(folder.FullName, "client");
        SealedBundle.Unseal(path, bundle, secret());
        return bundle;
    }

    /// <summary>Until it is disposed, Ctrl-C removes them: what opens bundles cannot be cancelled.</summary>
    public IDisposable RemoveOnInterrupt() => PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Dispose());

    public void Dispose()
    {
        foreach (var folder in _folders.ToArray())
        {
            Remove(folder.FullName);
        }
    }

    // A file may just be added when it is interrupted.
    private static void Remove(string folder)
    {
        for (var tries = 1; Directory.Exists(folder); tries++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                if (tries == MostTries)
                {
                    Console.Error.WriteLine($"warning: the unsealed bundle {folder} could not be removed");
                    return;
                }
            }
        }
    }
}
