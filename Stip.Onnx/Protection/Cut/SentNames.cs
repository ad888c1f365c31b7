using Google.Protobuf.Collections;
using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// Names of what crosses a cut. Rows of one table are <c>inputs_embeds</c>, as in graphs of export; anything else keeps
/// its name, unless the graph gives it out as well.
/// </summary>
internal static class SentNames
{
    private const string Rows = "inputs_embeds";
    private const string SentSuffix = ".sent";

    /// <summary>The name of each value that is sent.</summary>
    public static Dictionary<string, string> Choose(
        GraphProto graph, IReadOnlyList<string> sent, IReadOnlyList<string> features) => sent.ToDictionary(
            name => name,
            name => features is [var only] && only == name && !IsTaken(graph, Rows) ? Rows
                : graph.Output.Any(output => output.Name == name) ? name + SentSuffix
                : name,
            StringComparer.Ordinal);

    /// <summary>Renames values where they are made and read; outputs of the graph keep their names.</summary>
    public static void Apply(GraphProto graph, Dictionary<string, string> names)
    {
        foreach (var node in graph.Node)
        {
            Rename(node, names);
        }

        foreach (var output in graph.Output.Where(output => names.TryGetValue(output.Name, out var to)
            && to != output.Name))
        {
            graph.Node.Add(new NodeProto
            {
                Name = $"{output.Name}/identity",
                OpType = "Identity",
                Input = { names[output.Name] },
                Output = { output.Name },
            });
        }
    }

    /// <summary>Renames what one node makes and reads, and the nodes inside it.</summary>
    public static void Rename(NodeProto node, Dictionary<string, string> names)
    {
        Rename(node.Input, names);
        Rename(node.Output, names);
        foreach (var graph in OuterReads.Subgraphs(node))
        {
            foreach (var inner in graph.Node)
            {
                Rename(inner, names);
            }

            foreach (var output in graph.Output)
            {
                output.Name = names.GetValueOrDefault(output.Name, output.Name);
            }
        }
    }

    private static bool IsTaken(GraphProto graph, string name) =>
        graph.Input.Any(input => input.Name == name) || graph.Node.Any(node => node.Output.Contains(name));

    private static void Rename(RepeatedField<string> list, Dictionary<string, string> names)
    {
        for (var i = 0; i < list.Count; i++)
        {
            list[i] = names.GetValueOrDefault(list[i], list[i]);
        }
    }
}
