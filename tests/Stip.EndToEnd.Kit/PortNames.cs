using Stip.Onnx.Model;

namespace Stip.EndToEnd.Kit;

/// <summary>Other names for what a graph takes and gives.</summary>
public static class PortNames
{
    public static void Change(GraphProto graph, string from, string to)
    {
        foreach (var node in graph.Node)
        {
            Replace(node.Input);
            Replace(node.Output);
        }

        foreach (var port in graph.Input.Concat(graph.Output).Where(port => port.Name == from))
        {
            port.Name = to;
        }

        void Replace(IList<string> names)
        {
            for (var i = 0; i < names.Count; i++)
            {
                names[i] = names[i] == from ? to : names[i];
            }
        }
    }

    /// <summary>Numbers instead of names, the last first: neither the names nor their order says which is which.
    /// </summary>
    public static void Hide(GraphProto graph)
    {
        string[] inputs = [.. graph.Input.Select(port => port.Name)];
        string[] outputs = [.. graph.Output.Select(port => port.Name)];
        foreach (var (i, name) in inputs.Index())
        {
            Change(graph, name, $"x{inputs.Length - i}");
        }

        foreach (var (i, name) in outputs.Index())
        {
            Change(graph, name, $"y{outputs.Length - i}");
        }

        // The first step's last, the next step's first: no place is the same in both.
        ValueInfoProto[] turned = [.. graph.Output.Reverse()];
        if (graph.Input.Count > 3)
        {
            graph.Output.Clear();
            graph.Output.Add(turned);
        }
    }
}
