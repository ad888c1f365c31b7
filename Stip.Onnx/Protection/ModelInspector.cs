using System.Security.Cryptography;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Pictures;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Onnx.Protection;

/// <summary>Reports what of a whole model can be permuted: all its graphs together, after the cut.</summary>
public static class ModelInspector
{
    /// <summary>Inspects a folder of export, a graph of another exporter, or the server's part of a package.</summary>
    /// <param name="path">The folder or ONNX file.</param>
    /// <exception cref="RefusedException">There is no model, or one that cannot be followed.</exception>
    public static SymmetryReport Inspect(string path) => Drawn(path).Report;

    /// <summary>The same with a picture of every graph.</summary>
    internal static (SymmetryReport Report, IReadOnlyList<PicturePart> Pictures) Drawn(string path)
    {
        var folder = Directory.Exists(path) ? path : "";
        if (folder.Length > 0 && PackageFolder.IsPackage(folder))
        {
            return OfPackage(PackageFolder.CloudOf(folder));
        }

        using var model = PlainModel.Open(path);
        var (report, pictures) = Of(model.Parts, model.Joins);
        return (report with { Clear = [.. model.Clear.Union(report.Clear)] }, pictures);
    }

    private static (SymmetryReport Report, IReadOnlyList<PicturePart> Pictures) OfPackage(string cloud)
    {
        var package = PackageFolder.ReadManifest(cloud);
        var files = new List<ModelFile>();
        try
        {
            files.AddRange(package.Graphs.Values.Select(graph => ModelFile.Load(Path.Combine(cloud, graph.File))));
            return Of([.. files.Zip(package.Graphs.Keys, (file, role) => GraphPart.Of(file, role))], []);
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }

    private static (SymmetryReport Report, IReadOnlyList<PicturePart> Pictures) Of(
        IReadOnlyList<GraphPart> parts, IReadOnlyList<PortJoin> joins)
    {
        using var random = RandomNumberGenerator.Create();
        var report = SymmetryInspector.Report(SymmetryAnalysis.Of(parts, joins), random) with
        {
            BoundedCaches = parts.SelectMany(part => BoundedCaches.Of(part.Graph))
                .ToDictionary(cache => cache.Key, cache => cache.Value, StringComparer.Ordinal),
        };
        return (report, [.. parts.Select(part => PictureBuilder.Build(part, report))]);
    }
}
