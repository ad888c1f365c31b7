using System.Collections.Concurrent;
using Stip.Export.Checkpoints;
using Stip.Export.Writing;
using Stip.Protocol.Tensors;
using Stip.TestKit;

[assembly: AssemblyFixture(typeof(Stip.Export.Tests.ExportedModels))]

namespace Stip.Export.Tests;

/// <summary>Exports each checkpoint once for all tests.</summary>
public sealed class ExportedModels : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentDictionary<(string Name, string Dtype), Lazy<Task<string>>> _exports = new();

    /// <summary>The exported folder of a checkpoint.</summary>
    internal Task<string> FolderAsync(string name, TensorDtype dtype = TensorDtype.Float32) =>
        _exports.GetOrAdd(
            (name, dtype.WireName()), _ => new(() => ExportAsync(KnownCheckpoints.Folder(name), dtype))).Value;

    /// <summary>Exports any folder.</summary>
    internal async Task<string> ExportAsync(
        string source,
        TensorDtype dtype,
        long? randomSeed = null,
        IReadOnlyList<string>? adapters = null,
        bool keepsBlocks = false,
        string? tower = null,
        string? task = null,
        bool? boundsCaches = null)
    {
        var output = Directory.CreateDirectory(_folder.At(Guid.NewGuid().ToString("N"))).FullName;
        using var checkpoint = Checkpoint.Open(
            source, randomSeed, adapters ?? [], keepsBlocks, tower, task: task, boundsCaches: boundsCaches);
        await ExportedFolder.WriteAsync(checkpoint, dtype, output, CancellationToken.None);
        return output;
    }

    public void Dispose() => _folder.Dispose();
}
