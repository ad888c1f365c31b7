using System.Text.Json;
using Stip.Protocol;

namespace Stip.Onnx.Packages;

/// <summary>Reads a folder that <c>export</c> wrote.</summary>
public static class ExportFolder
{
    /// <summary>True where the folder has an <c>export.json</c>.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, ExportManifest.FileName));

    /// <summary>Reads <c>export.json</c>.</summary>
    /// <exception cref="RefusedException">It is missing, is not JSON, or has another format.</exception>
    public static ExportManifest ReadManifest(string folder)
    {
        var path = Path.Combine(folder, ExportManifest.FileName);
        if (!File.Exists(path))
        {
            throw new RefusedException($"{folder} has no {ExportManifest.FileName}; give a folder that export wrote");
        }

        try
        {
            var manifest = JsonSerializer.Deserialize<ExportManifest>(File.ReadAllBytes(path), StipJson.File);
            return manifest?.Format != ExportManifest.CurrentFormat
                ? throw new RefusedException(
                    $"{path} has format '{manifest?.Format}'; it must be {ExportManifest.CurrentFormat}")
                : manifest is { Model: not null, Kind: not null, Embedding.Tensors: not null, Graphs: not null }
                    && manifest.Graphs.Values.All(graph => graph is { File.Length: > 0 })
                ? manifest
                : throw new RefusedException(
                    $"{path} lacks fields of a manifest; give a folder that export wrote");
        }
        catch (JsonException e)
        {
            throw new RefusedException($"{path} is not a manifest: {e.Message}", e);
        }
    }
}
