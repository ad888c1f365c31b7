using System.Collections.Concurrent;
using Stip.Onnx.Protection;
using Stip.TestKit;

[assembly: AssemblyFixture(typeof(Stip.Export.Tests.Protection.ProtectedModels))]

namespace Stip.Export.Tests.Protection;

/// <summary>Protects each checkpoint once for all tests, with keys from a fixed seed.</summary>
public sealed class ProtectedModels : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _packages = new();

    /// <summary>The package of a checkpoint.</summary>
    internal Task<string> FolderAsync(ExportedModels exported, string name) => _packages.GetOrAdd(
        name,
        key => new(async () => (await ProtectAsync(exported, key, new ProtectionOptions(), seed: 1)).Folder)).Value;

    /// <summary>A package of its own.</summary>
    internal async Task<(string Folder, ProtectionResult Result)> ProtectAsync(
        ExportedModels exported, string name, ProtectionOptions options, int seed)
    {
        var folder = Directory.CreateDirectory(_folder.At(Guid.NewGuid().ToString("N"))).FullName;
        var plain = await exported.FolderAsync(name);
        return (folder, PackageProtector.Protect(plain, folder, options, new SeededRandom(seed)));
    }

    public void Dispose() => _folder.Dispose();
}
