using System.Security.Cryptography;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Reports;

/// <summary>Reports what of a graph can be permuted, without permuting anything.</summary>
public static class SymmetryInspector
{
    /// <summary>Before the names of what the client keeps.</summary>
    internal const string ClientPrefix = "client: ";

    /// <summary>Inspects one ONNX file.</summary>
    /// <param name="path">The graph; its external data lies beside it.</param>
    /// <exception cref="RefusedException">The file is no graph, or one that cannot be followed.</exception>
    public static SymmetryReport Inspect(string path)
    {
        using var file = ModelFile.Load(path);
        using var random = RandomNumberGenerator.Create();
        return Report(SymmetryAnalysis.Of(file), random);
    }

    /// <summary>Reports an analysis; the client's weights stay out of the share that moves.</summary>
    internal static SymmetryReport Report(SymmetryAnalysis analysis, RandomNumberGenerator random)
    {
        var server = analysis.Graph.Parts.Where(part => !part.Part.IsClient).SelectMany(part => part.Weights);
        return new SymmetryReport(
            Classes(analysis),
            [.. analysis.Graph.Parts.SelectMany(part =>
                part.Weights.SelectMany(weight => Pinned(analysis, part.Part, weight)))],
            analysis.Draw(random).Bits,
            MovedWeights.Share(analysis, [.. server]),
            [.. analysis.Graph.Unruled.Distinct()],
            ClearPorts.Of(analysis));
    }

    private static SymmetryClass[] Classes(SymmetryAnalysis analysis)
    {
        var groups = new ClassGroups(analysis.Adjacency, analysis.Classes);
        var members = analysis.Graph.Inputs.Concat(analysis.Graph.Outputs)
            .Select(port => (port.Name, Axis: (int?)null, port.Nodes))
            .Concat(analysis.Graph.Parts.SelectMany(part => part.Weights.SelectMany(weight => Axes(weight)
                .Select(axis => (
                    Name: NameOf(part.Part, weight), Axis: (int?)axis, Nodes: weight.AxisOrNull(axis) ?? [])))))
            .SelectMany(entry => entry.Nodes.Where(node => analysis.Classes.Size(node) > 1)
                .GroupBy(groups.GroupOf)
                .Select(group => (group.Key, Size: analysis.Classes.Size(group.First()), Label: group.First(),
                    Member: new SymmetryMember(entry.Name, entry.Axis, group.Count()))));
        var found = members.GroupBy(entry => entry.Key)
            .Select(group => (
                group.Key,
                group.First().Label,
                Class: new SymmetryClass(group.First().Size, [.. group.Select(entry => entry.Member)])))
            .OrderByDescending(group => group.Class.Size).ThenByDescending(group => group.Class.Members.Count)
            .ToArray();
        return ClassStructure.Of(analysis, groups, found);
    }

    private static IEnumerable<PinnedAxis> Pinned(SymmetryAnalysis analysis, GraphPart part, WeightNodes weight)
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
                yield return new PinnedAxis(NameOf(part, weight), axis, count, reason);
            }
        }
    }

    // A tied table is in both graphs; what the client keeps is told apart.
    private static string NameOf(GraphPart part, WeightNodes weight) =>
        part.IsClient ? ClientPrefix + weight.Tensor.Name : weight.Tensor.Name;

    private static IEnumerable<int> Axes(WeightNodes weight) => MovedWeights.Axes(weight);
}
