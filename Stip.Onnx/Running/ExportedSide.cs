using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Running;

/// <summary>A folder of export: nothing moves.</summary>
internal sealed class ExportedSide : IModelSide
{
    private readonly string _folder;
    private readonly ExportManifest _manifest;

    public ExportedSide(string folder)
    {
        _folder = folder;
        _manifest = ExportFolder.ReadManifest(folder);
        Tables = _manifest.Embedding.Tensors.Count == 0 ? null : EmbeddingTables.Open(folder, _manifest.Embedding);
    }

    public string Kind => _manifest.Kind;

    public string MainRole => MainRoles.Of(_manifest.Graphs.Keys);

    public int ContextLength => _manifest.ContextLength;

    public int? ImageTokenId => _manifest.ImageTokenId;

    public bool HasSharedCache => _manifest.Graphs[MainRole].Cache?.Layout == CacheLayouts.Shared;

    public EmbeddingTables? Tables { get; }

    public string? ClientGraphOf(string role) =>
        _manifest.ClientGraphs?.GetValueOrDefault(role) is { } graph ? Path.Combine(_folder, graph.File) : null;

    public string GraphOf(string role) => Path.Combine(_folder, _manifest.Graphs[role].File);

    public string NameOf(string role, string usual, IReadOnlyCollection<string> ports) =>
        _manifest.Graphs[role].NameOf(usual);

    public HostTensor Protect(string role, string name, HostTensor plain) => plain;

    public HostTensor Restore(string role, string name, HostTensor given) => given;

    public void Dispose() => Tables?.Dispose();
}
