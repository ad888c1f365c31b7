using System.Security.Cryptography;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Reports;

/// <summary>Reports what of a graph can be permuted, without permuting anything.</summary>
public static class SymmetryInspector
{
    /// <summary>Inspects one ONNX file.</summary>
    /// <param name="path">The graph; its external data lies beside it.</param>
    /// <exception cref="RefusedException">The file is no graph, or one that cannot be followed.</exception>
    public static SymmetryReport Inspect(string path)
    {
        using var file = ModelFile.Load(path);
        using var random = RandomNumberGenerator.Create();
        var analysis = SymmetryAnalysis.Of(file);
        return new SymmetryReport(
            Classes(analysis),
            [.. analysis.Graph.Weights.SelectMany(weight => Pinned(analysis, weight))],
            analysis.Draw(random).Bits,
            MovedWeights.Share(analysis, analysis.Graph.Weights),
            [.. analysis.Graph.Unruled.Distinct()]);
    }

    private static List<SymmetryClass> Classes(SymmetryAnalysis analysis)
    {
        var groups = new ClassGroups(analysis.Adjacency, analysis.Classes);
        var members = analysis.Graph.Inputs.Concat(analysis.Graph.Outputs)
            .Select(port => (port.Name, Axis: (int?)null, port.Nodes))
            .Concat(analysis.Graph.Weights.SelectMany(weight => Axes(weight)
                .Select(axis => (weight.Tensor.Name, Axis: (int?)axis, Nodes: weight.AxisOrNull(axis) ?? []))))
            .SelectMany(entry => entry.Nodes.Where(node => analysis.Classes.Size(node) > 1)
                .GroupBy(groups.GroupOf)
                .Select(group => (group.Key, Size: analysis.Classes.Size(group.First()),
                    Member: new SymmetryMember(entry.Name, entry.Axis, group.Count()))));
        return [.. members.GroupBy(entry => entry.Key)
            .Select(group => new SymmetryClass(group.First().Size, [.. group.Select(entry => entry.Member)]))
            .OrderByDescending(group => group.Size).ThenByDescending(group => group.Members.Count)];
    }

    private static IEnumerable<PinnedAxis> Pinned(SymmetryAnalysis analysis, WeightNodes weight)
    {
        var reasons = new PinReasons(analysis.Segments, analysis.Adjacency, analysis.Classes);
        foreach (var axis in Axes(weight))
        {
            var nodes = weight.AxisOrNull(axis);
            var held = nodes?.Where(node => analysis.Classes.Size(node) == 1).ToArray() ?? [];
            var count = nodes is null ? weight.Shape[axis] : held.Length;
            if (count > 0)
            {
                var reason = weight.PinOf(axis) ?? (nodes is null ? "no feature depends on it" : reasons.Of(held[0]));
                yield return new PinnedAxis(weight.Tensor.Name, axis, count, reason);
            }
        }
    }

    private static IEnumerable<int> Axes(WeightNodes weight) => MovedWeights.Axes(weight);
}
