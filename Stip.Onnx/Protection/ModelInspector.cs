using System.Security.Cryptography;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Onnx.Protection;

/// <summary>Reports what of a whole model can be permuted: all its graphs together, after the cut.</summary>
public static class ModelInspector
{
    /// <summary>Inspects a folder of export, a graph of another exporter, or the server's part of a package.</summary>
    /// <param name="path">The folder or ONNX file.</param>
    /// <exception cref="RefusedException">There is no model, or one that cannot be followed.</exception>
    public static SymmetryReport Inspect(string path)
    {
        using var random = RandomNumberGenerator.Create();
        if (Directory.Exists(path) && PackageFolder.IsPackage(path))
        {
            var cloud = Path.Combine(path, PackageFolder.Cloud);
            ModelFile[] files = [.. PackageFolder.ReadCloud(path).Graphs.Values
                .Select(graph => ModelFile.Load(Path.Combine(cloud, graph.File)))];
            var parts = files.Zip(PackageFolder.ReadCloud(path).Graphs.Keys, (file, role) => GraphPart.Of(file, role));
            var report = SymmetryInspector.Report(SymmetryAnalysis.Of([.. parts], []), random);
            Array.ForEach(files, file => file.Dispose());
            return report;
        }

        using var model = PlainModel.Open(path);
        return SymmetryInspector.Report(SymmetryAnalysis.Of(model.Parts, model.Joins), random);
    }
}
