using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection.Tables;

/// <summary>What values of a graph are made of: inputs whose numbers, not only shapes, they hang on, and what a sum
/// adds.</summary>
internal sealed class ValueReads(GraphProto graph)
{
    private readonly HashSet<string> _inputs = [.. graph.Input.Select(input => input.Name)];
    private readonly Dictionary<string, NodeProto> _makers = graph.Node
        .SelectMany(node => node.Output.Where(output => output.Length > 0).Select(output => (output, node)))
        .ToDictionary(entry => entry.output, entry => entry.node, StringComparer.Ordinal);

    /// <summary>Inputs of the graph whose numbers a value hangs on.</summary>
    public HashSet<string> InputsOf(string name)
    {
        var (found, seen, queue) = (new HashSet<string>(StringComparer.Ordinal),
            new HashSet<string>(StringComparer.Ordinal) { name }, new Queue<string>([name]));
        while (queue.TryDequeue(out var value))
        {
            if (_inputs.Contains(value))
            {
                found.Add(value);
            }
            else if (_makers.TryGetValue(value, out var node) && node.OpType is not ("Shape" or "Size"))
            {
                foreach (var read in OuterReads.Of(node).Where(seen.Add))
                {
                    queue.Enqueue(read);
                }
            }
        }

        return found;
    }

    /// <summary>What is added up to make a value; the value itself where it is no sum.</summary>
    public IEnumerable<string> Addends(string name)
    {
        if (!_makers.TryGetValue(name, out var node))
        {
            return [name];
        }

        return node.OpType switch
        {
            "Identity" or "Dropout" => Addends(node.Input[0]),

            // What a sum is cast to is the type of the rows, which clients choose themselves.
            "Cast" when _makers.TryGetValue(node.Input[0], out var cast) && cast.OpType == "Add" =>
                Addends(node.Input[0]),
            "Add" when node.Input.All(input => _makers.ContainsKey(input)) => node.Input.SelectMany(Addends),
            _ => [name],
        };
    }
}
