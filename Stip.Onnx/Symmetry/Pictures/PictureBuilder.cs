using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Onnx.Symmetry.Pictures;

/// <summary>Takes what is worth drawing out of a graph: nodes with weights and nodes where values meet, by
/// layer.</summary>
internal sealed class PictureBuilder
{
    private readonly GraphPart _part;
    private readonly ILookup<(string Name, int Axis), (int Class, int Count)> _classes;
    private readonly Dictionary<string, GraphTensor> _tensors;
    private readonly Dictionary<string, HashSet<int>> _origins = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _constants = new(StringComparer.Ordinal);
    private readonly List<(int? Layer, PictureNode Node)> _drawn = [];

    private PictureBuilder(
        GraphPart part, ILookup<(string Name, int Axis), (int Class, int Count)> classes)
    {
        _part = part;
        _classes = classes;
        _tensors = part.Tensors.GroupBy(tensor => tensor.Name).ToDictionary(group => group.Key, group => group.First());
        foreach (var name in _tensors.Keys)
        {
            _constants[name] = [name];
        }
    }

    /// <summary>The picture of one graph.</summary>
    /// <param name="part">The graph.</param>
    /// <param name="report">Its classes.</param>
    public static PicturePart Build(GraphPart part, SymmetryReport report)
    {
        var prefix = part.IsClient ? SymmetryInspector.ClientPrefix : "";
        var classes = report.Classes.SelectMany((group, number) => group.Members
                .Where(member => member.Axis is not null && member.Name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(member => (Key: (member.Name[prefix.Length..], member.Axis!.Value),
                    Share: (Class: number, member.Count))))
            .ToLookup(entry => entry.Key, entry => entry.Share);
        var builder = new PictureBuilder(part, classes);
        int? layer = null;
        foreach (var node in part.Graph.Node)
        {
            layer = builder.Follow(node, layer);
        }

        var whose = part.IsClient ? "the client's part" : "the server's graph";
        return new PicturePart($"{part.Role}: {whose} ({part.FileName})", CardStack.Of(builder._drawn));
    }

    private int? Follow(NodeProto node, int? layer)
    {
        var reads = OuterReads.Of(node).ToArray();
        string[] weights = [.. reads.SelectMany(name => _constants.GetValueOrDefault(name) ?? []).Distinct()];
        if (reads.Length > 0 && Array.TrueForAll(reads, _constants.ContainsKey))
        {
            Keep(node, weights);
            return layer;
        }

        var own = LayerNames.Of(node);
        HashSet<int>[] met = [.. reads.Select(name => _origins.GetValueOrDefault(name))
            .Where(set => set is { Count: > 0 }).OfType<HashSet<int>>()];
        var sources = met.SelectMany(set => set).ToHashSet();
        PictureWeight[] drawn = [.. weights.Where(IsWeight).Select(Weight)];
        var isMeeting = met.Length > 1 && met.Skip(1).Any(set => !set.SetEquals(met[0]));
        if (drawn.Length > 0 || isMeeting)
        {
            _drawn.Add((own ?? layer, new PictureNode(
                node.Name, node.OpType, drawn, [.. sources.Order()], ClassOf(drawn, sources))));
            sources = [_drawn.Count - 1];
        }

        foreach (var output in node.Output.Where(_ => node.OpType is not ("Shape" or "Size")))
        {
            _origins[output] = sources;
        }

        return own ?? layer;
    }

    private void Keep(NodeProto node, string[] weights)
    {
        foreach (var output in node.Output)
        {
            _constants[output] = [.. weights, .. _constants.GetValueOrDefault(output) ?? []];
        }
    }

    // The last axis of a matrix is that of its result; a norm keeps the class that comes in.
    private int? ClassOf(PictureWeight[] weights, HashSet<int> sources)
    {
        var matrix = weights.FirstOrDefault(weight => weight.Axes.Count > 1) ?? weights.FirstOrDefault();
        return matrix is { Axes: [.., { Shares: [var (number, _), ..] }] } ? number
            : sources.Count > 0 ? _drawn[sources.Max()].Node.Class : null;
    }

    private bool IsWeight(string name) => _tensors[name].ElementCount > 1
        && Enumerable.Range(0, _tensors[name].Shape.Length).Any(axis => _classes.Contains((name, axis)));

    private PictureWeight Weight(string name) => new(name, [.. _tensors[name].Shape.Select((length, axis) =>
        new PictureAxis(length, [.. _classes[(name, axis)]]))]);
}
