using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry.Rules;

namespace Stip.Onnx.Symmetry.Reports;

/// <summary>The node that tells features apart which would otherwise trade places: the first with which they stay.
/// Looked for only where a model is refused, by running ever shorter beginnings of its graph.</summary>
internal static class DividingNode
{
    /// <param name="parts">The graphs of the model.</param>
    /// <param name="joins">Features that they share.</param>
    /// <param name="rules">Rules by operator; null for those of the registry.</param>
    /// <param name="key">The graph, by its key.</param>
    /// <param name="stays">True of a beginning of that graph in which the features stay.</param>
    /// <returns>The node and its operator, and what there is no rule for; null where no single node does it.</returns>
    public static string? Find(
        IReadOnlyList<GraphPart> parts,
        IReadOnlyList<PortJoin> joins,
        Func<string, IOperatorRule?>? rules,
        string key,
        Func<LabelledPart, SymmetryAnalysis, bool> stays)
    {
        var part = parts.First(one => one.Key == key);
        if (joins.Any(join => join.From.StartsWith(key + '.', StringComparison.Ordinal)))
        {
            return null;
        }

        // A node that leads nowhere tells nothing apart.
        var used = LooseEnds.Used(part.Graph);
        NodeProto[] nodes = [.. part.Graph.Node.Where(node => node.Output.Any(used.Contains))];
        try
        {
            var (before, after) = (0, nodes.Length);
            if (Run(before).Stays || !Run(after).Stays)
            {
                return null;
            }

            while (after - before > 1)
            {
                var middle = (before + after) / 2;
                (before, after) = Run(middle).Stays ? (before, middle) : (middle, after);
            }

            var node = nodes[before];
            var name = node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault();
            var missing = Run(after).Unruled.Except(Run(before).Unruled).FirstOrDefault();
            return $"node '{name}' ({node.OpType}) tells them apart" + (missing is null ? "" : $": {missing}");
        }
        catch (Exception fault) when (fault is RefusedException or InvalidDataException or InvalidOperationException
            or KeyNotFoundException or ArgumentException or IndexOutOfRangeException or NotSupportedException)
        {
            return null; // a beginning that cannot be followed alone
        }

        (bool Stays, IReadOnlyList<string> Unruled) Run(int count)
        {
            var analysis = SymmetryAnalysis.Of(
                [.. parts.Select(one => one.Key == key ? Beginning(one, nodes[..count]) : one)], joins, rules);
            return (stays(analysis.Graph.Parts.First(one => one.Part.Key == key), analysis), analysis.Graph.Unruled);
        }
    }

    // Shares its tensors with the whole.
    private static GraphPart Beginning(GraphPart part, NodeProto[] nodes)
    {
        var graph = new GraphProto { Name = part.Graph.Name };
        graph.Initializer.Add(part.Graph.Initializer);
        graph.Input.Add(part.Graph.Input);
        graph.ValueInfo.Add(part.Graph.ValueInfo);
        graph.Node.Add(nodes);
        var model = new ModelProto { IrVersion = part.Model.IrVersion, Graph = graph };
        model.OpsetImport.Add(part.Model.OpsetImport);
        model.Functions.Add(part.Model.Functions);
        return part with { Model = model, States = [], IsBeginning = true };
    }
}
