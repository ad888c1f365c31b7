using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Which values the client has to send so that the server can go on.</summary>
internal sealed class SentValues(GraphProto graph, CutStates states, bool shapesHaveEnds)
{
    private readonly Dictionary<string, NodeProto> _makers = graph.Node
        .SelectMany(node => node.Output.Where(output => output.Length > 0).Select(output => (output, node)))
        .ToDictionary(entry => entry.output, entry => entry.node, StringComparer.Ordinal);

    private ShapeReaders Readers => field ??= new ShapeReaders(graph);

    private FlatViews Views => field ??= new FlatViews(graph, _makers);

    /// <summary>Nodes of the server that read another value than they did.</summary>
    public Dictionary<NodeProto, NodeProto> Replaced { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>The values in graph order; shapes of what is not sent become shapes of what is, or are sent.</summary>
    public IReadOnlyList<string> Find()
    {
        var sent = new HashSet<string>(StringComparer.Ordinal);
        var shapes = new List<NodeProto>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var queue = new Queue<string>(graph.Output.Select(output => output.Name));
        while (queue.TryDequeue(out var name))
        {
            if (!seen.Add(name))
            {
                continue;
            }

            if (states[name].Crosses)
            {
                sent.Add(name);
            }
            else if (_makers.TryGetValue(name, out var node))
            {
                if (node.OpType is "Shape" or "Size" && states[node.Input[0]].Crosses)
                {
                    shapes.Add(node);
                    continue;
                }

                foreach (var read in OuterReads.Of(node))
                {
                    queue.Enqueue(read);
                }
            }
        }

        foreach (var shape in shapes.Where(shape => !sent.Contains(shape.Input[0])))
        {
            if (!TryReadFromSent(shape, sent))
            {
                sent.Add(shape.Output[0]);
            }
        }

        return [.. graph.Input.Select(input => input.Name).Concat(graph.Node.SelectMany(node => node.Output))
            .Where(sent.Contains)];
    }

    // Rows of a table have the shape of their ids and one axis more.
    private bool TryReadFromSent(NodeProto shape, HashSet<string> sent)
    {
        if (shape.OpType != "Shape" || !CountsFromTheFirstAxis(shape))
        {
            return false;
        }

        var (root, extra) = RowsOf(shape.Input[0]);
        foreach (var name in sent.Where(name => states[name].IsHidden))
        {
            var (other, more) = RowsOf(name);
            if (root is not null && other == root && (more == extra
                || (more > extra && (shapesHaveEnds || Readers.CountFromTheFirstAxis(shape.Output[0])))))
            {
                var read = shape.Clone();
                read.Input[0] = name;
                if (more > extra && shape.Attribute.Count == 0 && shapesHaveEnds)
                {
                    read.Attribute.Add(new AttributeProto
                    {
                        Name = "end",
                        Type = AttributeProto.Types.AttributeType.Int,
                        I = extra - more,
                    });
                }

                Replaced.Add(shape, read);
                return true;
            }
        }

        return false;
    }

    // All axes, or some of them that are named by their distance from the first.
    private static bool CountsFromTheFirstAxis(NodeProto shape) => shape.Attribute.Count == 0
        || (shape.Attribute.Any(attribute => attribute.Name == "end")
            && shape.Attribute.All(attribute => attribute.I >= 0));

    private (string? Root, int Extra) RowsOf(string name)
    {
        var extra = 0;
        while (_makers.TryGetValue(name, out var node))
        {
            if (Lookups.GivesRows(node) && states[name].IsHidden)
            {
                (name, extra) = (node.Input[1], extra + 1);
            }
            else if (node.OpType is "Cast" or "Identity" or "Dropout" || Views.Keeps(node))
            {
                name = node.Input[0];
            }
            else if (node.OpType is "Add" or "Sub" or "Mul" or "Div"
                && node.Input.FirstOrDefault(read => states[read].IsHidden) is { } rows)
            {
                name = rows;
            }
            else
            {
                return (null, 0);
            }
        }

        return (name, extra);
    }
}
