using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>Finds the first node of a block whose outputs differ, although what it was given agrees.</summary>
internal static class NodeSearch
{
    /// <summary>Runs a block with every value in it given out, and names the first node that is off.</summary>
    /// <param name="plain">The plain graph and the folder of its data.</param>
    /// <param name="moved">The protected graph and the folder of its data.</param>
    /// <param name="block">The block.</param>
    /// <param name="pass">Inputs of the block on both sides.</param>
    /// <param name="tolerance">What counts as rounding, as a share of the largest value.</param>
    /// <returns>The node with its operator and layer, and its first output; null where none is off, or the runtime
    /// cannot give the values out.</returns>
    public static (string Text, string Output)? FirstOff(
        (ModelProto Model, string Folder) plain,
        (ModelProto Model, string Folder) moved,
        GraphBlock block,
        PassPair pass,
        double tolerance)
    {
        var (_, nodes) = new GraphPruner(plain.Model.Graph)
            .Needed([.. block.Inputs], block.Carried.Concat(block.Outputs));
        NodeProto[] run = [.. Running(plain.Model.Graph.Node.Where(nodes.Contains), block.Inputs)];
        string[] values = [.. run.SelectMany(node => node.Output).Where(name => name.Length > 0)];
        try
        {
            var mine = Values(plain, pass.Plain, block, values);
            var other = Values(moved, pass.Moved, block, values);
            foreach (var node in run)
            {
                var distance = node.Output.Where(mine.ContainsKey)
                    .Max(name => UnorderedDistance.Of(mine[name], other[name])) ?? 0;
                if (distance > tolerance)
                {
                    var text = string.Create(
                        CultureInfo.InvariantCulture,
                        $"node '{node.Name}' ({node.OpType}{LayerOf(node)}) is the first that is off, "
                        + $"by {distance:G2} of its scale");
                    return (text, node.Output.First(name => name.Length > 0));
                }
            }
        }
        catch (Exception e) when (e is OnnxRuntimeException or NotSupportedException or RefusedException)
        {
            // A value that cannot be given out (a sequence) leaves the block as the answer.
        }

        return null;
    }

    // Constants are computed from weights alone: large, and never off by themselves.
    private static IEnumerable<NodeProto> Running(IEnumerable<NodeProto> nodes, IEnumerable<string> inputs)
    {
        var known = inputs.ToHashSet(StringComparer.Ordinal);
        foreach (var node in nodes.Where(node => OuterReads.Of(node).Any(known.Contains)))
        {
            known.UnionWith(node.Output);
            yield return node;
        }
    }

    private static IReadOnlyDictionary<string, HostTensor> Values(
        (ModelProto Model, string Folder) side,
        Dictionary<string, HostTensor> values,
        GraphBlock block,
        string[] wanted)
    {
        var inputs = block.Inputs.ToDictionary(name => name, name => values[name], StringComparer.Ordinal);
        using var runner = new BlockRunner(side.Model, side.Folder, inputs, wanted, asWritten: true);
        return runner.Run(inputs);
    }

    private static string LayerOf(NodeProto node) => LayerNames.Of(node) is { } layer
        ? string.Create(CultureInfo.InvariantCulture, $", layer {layer}")
        : "";
}
