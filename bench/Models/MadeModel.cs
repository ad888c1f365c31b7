using System.Text.Json;
using Stip.Onnx.Packages;
using Stip.Protocol;

namespace Stip.Bench.Models;

/// <summary>A model as three folders.</summary>
/// <param name="Name">Its name; that of the unprotected package ends with <c>-plain</c>.</param>
/// <param name="Exported">The plain graph.</param>
/// <param name="Protected">The permuted package.</param>
/// <param name="Plain">The package of <c>--mode none</c>.</param>
internal sealed record MadeModel(string Name, string Exported, string Protected, string Plain)
{
    private readonly Lazy<ExportManifest> _manifest = new(() => JsonSerializer.Deserialize<ExportManifest>(
        File.ReadAllText(Path.Combine(Exported, ExportManifest.FileName)), StipJson.File)!);

    /// <summary>Of a decoder on its own; graphs of an encoder and a decoder come without one.</summary>
    public ExportManifest Manifest => _manifest.Value;

    public string Graph => Path.Combine(Exported, Manifest.Graphs["decoder"].File);
}
