namespace Stip.Protocol.Packages;

/// <summary>One graph of a package.</summary>
/// <param name="File">Path of the ONNX file inside the package.</param>
/// <param name="Inputs">Inputs in graph order.</param>
/// <param name="Outputs">Outputs in graph order.</param>
/// <param name="Cache">The KV cache, null for graphs without one.</param>
public sealed record GraphManifest(
    string File,
    IReadOnlyList<TensorManifest> Inputs,
    IReadOnlyList<TensorManifest> Outputs,
    CacheManifest? Cache = null);
