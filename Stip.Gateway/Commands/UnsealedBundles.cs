using System.Runtime.InteropServices;
using Stip.Keys.Bundles;
using Stip.Keys.Sealing;

namespace Stip.Gateway.Commands;

/// <summary>Sealed bundles as folders that only this user can read, for as long as the program runs: they are removed
/// when it ends by itself, and by every signal that ends it and can be caught.</summary>
internal sealed class UnsealedBundles : IDisposable
{
    private static readonly PosixSignal[] Ending =
        [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];

    private readonly Lock _opening = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly List<UnsealedFolder> _folders = [];
    private readonly List<PosixSignalRegistration> _signals = [];

    /// <summary>The folder of a bundle: the path itself where it is no sealed file.</summary>
    /// <param name="path">Folder, or file of <c>bundle seal</c>.</param>
    /// <param name="secret">Asked for where it is sealed.</param>
    /// <exception cref="OperationCanceledException">The program ends.</exception>
    public string Open(string path, Func<SealSecret> secret)
    {
        if (!File.Exists(path) || Path.GetFileName(path) == BundleManifest.FileName)
        {
            return path;
        }

        lock (_opening)
        {
            _ending.Token.ThrowIfCancellationRequested();
            if (_signals.Count == 0)
            {
                RemoveAtEveryEnd();
                UnsealedFolder.RemoveAbandoned();
            }

            var folder = UnsealedFolder.Create();
            _folders.Add(folder);
            SealedBundle.Unseal(path, folder.BundlePath, secret(), _ending.Token);
            return folder.BundlePath;
        }
    }

    public void Dispose()
    {
        _signals.ForEach(signal => signal.Dispose());
        Remove();
        if (_folders.Count == 0)
        {
            AppDomain.CurrentDomain.ProcessExit -= OnExit;
        }
    }

    // What a signal does otherwise it does after this. The command line ends the program with commands still running
    // that take too long to be cancelled.
    private void RemoveAtEveryEnd()
    {
        _signals.AddRange(Ending.Select(signal => PosixSignalRegistration.Create(signal, _ => Remove())));
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    private void OnExit(object? sender, EventArgs exit)
    {
        Remove();
        _folders.ForEach(folder => folder.Dispose());
    }

    // Unsealing stops first, else it would make the folder anew. What cannot be removed is tried again later: Windows
    // removes no file that is still open, and a signal comes before a command has closed its own.
    private void Remove()
    {
        _ending.Cancel();
        lock (_opening)
        {
            _folders.RemoveAll(folder => folder.TryRemove());
        }
    }
}
