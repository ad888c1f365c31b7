using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection.Caches;

/// <summary>The order in which a step comes to need tensors that it keeps: the keys of a layer where they meet its
/// queries, its values where they meet what became of those, and the next layer's behind them. It is the same in every
/// graph of the same layers, whatever names and places the tensors have.</summary>
internal sealed class UseOrder
{
    private static readonly HashSet<string> Lengths = new(StringComparer.Ordinal) { "Shape", "Size" };

    // What may lie between where a tensor is made and where it is given out, and gives it whole.
    private static readonly HashSet<string> Moves = new(StringComparer.Ordinal)
    {
        "Cast", "CastLike", "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose",
    };

    private readonly NodeProto[] _nodes;
    private readonly Dictionary<string, NodeProto> _makers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ofRows;

    /// <param name="graph">A step; its nodes stand in an order in which they can run.</param>
    /// <param name="rows">Its input of rows.</param>
    public UseOrder(GraphProto graph, string rows)
    {
        _nodes = [.. graph.Node.Where(node => !Lengths.Contains(node.OpType))];
        _ofRows = new HashSet<string>(StringComparer.Ordinal) { rows };
        foreach (var node in _nodes)
        {
            foreach (var output in node.Output)
            {
                _makers[output] = node;
            }

            if (OuterReads.Of(node).Any(_ofRows.Contains))
            {
                _ofRows.UnionWith(node.Output);
            }
        }
    }

    /// <summary>True for what is made of the step's own rows.</summary>
    public bool IsOfRows(string name) => _ofRows.Contains(name);

    /// <summary>The names, first needed first; null where the graph does not tell.</summary>
    public string[]? Of(IEnumerable<string> names)
    {
        var met = names.Select(name => (Name: name, Place: PlaceOf(name))).ToArray();
        return Array.Exists(met, use => use.Place is null) || met.DistinctBy(use => use.Place).Count() < met.Length
            ? null
            : [.. met.OrderBy(use => use.Place).Select(use => use.Name)];
    }

    // The node, and which of its inputs, where a tensor meets what is made of the rows otherwise.
    private (int Node, int Input)? PlaceOf(string name)
    {
        while (_makers.TryGetValue(name, out var maker) && Moves.Contains(maker.OpType))
        {
            name = maker.Input[0];
        }

        var carried = new HashSet<string>(StringComparer.Ordinal) { name };
        for (var i = 0; i < _nodes.Length; i++)
        {
            string[] reads = [.. OuterReads.Of(_nodes[i])];
            if (!reads.Any(carried.Contains))
            {
                continue;
            }

            // Earlier rows' part and that of the new ones are joined before anything looks at them.
            if (_nodes[i].OpType != "Concat" && reads.Any(read => _ofRows.Contains(read) && !carried.Contains(read)))
            {
                return (i, Array.FindIndex(reads, carried.Contains));
            }

            carried.UnionWith(_nodes[i].Output);
        }

        return null;
    }
}
