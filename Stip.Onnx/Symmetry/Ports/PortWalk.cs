using Stip.Onnx.Model;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Ports;

/// <summary>Follows the inputs of a graph through its nodes, inner graphs and functions, and notes what they
/// meet.</summary>
internal sealed class PortWalk
{
    private const int MostNested = 32;

    // Functions that call functions twice each: what is not seen by then is told by names.
    private const int MostSteps = 1 << 22;

    private readonly IReadOnlyList<FunctionProto> _functions;
    private readonly Dictionary<string, PortMarks> _marks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PortUse> _slots = new(StringComparer.Ordinal);
    private readonly HashSet<string> _spread = new(StringComparer.Ordinal);
    private int _nested;
    private int _steps;

    public PortWalk(GraphProto graph, IEnumerable<ValueInfoProto> inputs, IEnumerable<FunctionProto> functions)
    {
        _functions = [.. functions];
        var traces = new Dictionary<string, PortTrace>(StringComparer.Ordinal);
        foreach (var input in inputs)
        {
            traces[input.Name] = PortTrace.Input(input.Name);
        }

        Follow(graph, traces);
    }

    public PortMarks MarksOf(string input) => _marks.GetValueOrDefault(input);

    /// <summary>What an operator takes the input for, as it is or counted.</summary>
    public PortUse SlotOf(string input) => _slots.GetValueOrDefault(input);

    private void Follow(GraphProto graph, Dictionary<string, PortTrace> traces)
    {
        foreach (var tensor in graph.Initializer)
        {
            traces[tensor.Name] = Of(tensor);
        }

        Follow(graph.Node, traces);
    }

    private void Follow(IEnumerable<NodeProto> nodes, Dictionary<string, PortTrace> traces)
    {
        foreach (var node in nodes.TakeWhile(_ => _steps++ < MostSteps))
        {
            PortTrace[] reads = [.. node.Input.Select(name => traces.GetValueOrDefault(name, PortTrace.Constant))];
            MarkSlots(node, traces);
            if (node.Attribute.Any(attribute => attribute.G is not null))
            {
                Enter(node, reads, traces);
            }
            else if (_functions.FirstOrDefault(f => f.Name == node.OpType && f.Domain == node.Domain) is { } function)
            {
                Call(function, node, reads, traces);
            }
            else
            {
                var made = Step(node, reads);
                _spread.UnionWith(node.Output.Where(_ => node.OpType == "Expand"));
                foreach (var output in node.Output)
                {
                    traces[output] = made;
                }
            }
        }
    }

    private PortTrace Step(NodeProto node, PortTrace[] reads)
    {
        if (HeldTensors.ValueOf(node) is { } tensor)
        {
            return Of(tensor);
        }

        if (node.OpType is "Shape" or "Size" || reads.Length == 0)
        {
            return PortTrace.Constant;
        }

        if (PortOperators.LooksUp(node, reads))
        {
            MarkAll(reads[1].Raw, PortMarks.Indexes);
            return PortTrace.Of(TraceKind.Rows, [reads[1]]);
        }

        var kind = reads.Max(read => read.Kind);
        return PortOperators.IsProduct(node) ? Product(reads)
            : kind < TraceKind.Numbers ? PortTrace.Only(PortOperators.Counts(node) ? TraceKind.Counting : kind)
            : kind == TraceKind.Numbers ? Numbers(node, reads)
            : Mixed(node, reads, kind);
    }

    // Scores are products of what is no weight. Places times frequencies are angles.
    private PortTrace Product(PortTrace[] reads)
    {
        PortTrace[] moving = [.. reads.Where(read => read.Kind >= TraceKind.Numbers)];
        var meetWeights = reads.Any(read => read.Kind is TraceKind.Table or > TraceKind.Numbers);
        MarkAll(moving.Where(_ => meetWeights).SelectMany(read => read.All), PortMarks.Added);
        return moving.Length == 0 ? PortTrace.Only(reads.Max(read => read.Kind))
            : moving.Length > 1 && moving.Any(read => read.Kind > TraceKind.Numbers) ? PortTrace.Only(TraceKind.Scores)
            : moving.Any(read => read.Kind > TraceKind.Numbers) || reads.Any(read => read.Kind == TraceKind.Table)
                ? PortTrace.Only(TraceKind.Features)
            : PortTrace.Of(TraceKind.Numbers, moving);
    }

    private PortTrace Numbers(NodeProto node, PortTrace[] reads)
    {
        PortTrace[] given = [.. reads.Where(read => read.Kind == TraceKind.Numbers)];
        var all = PortTrace.Of(TraceKind.Numbers, given);
        if (PortOperators.Orders(node) && reads.Any(read => read.Kind == TraceKind.Counting))
        {
            MarkAll(all.Raw, PortMarks.Ordered);
        }

        if (node.OpType is "Sin" or "Cos")
        {
            MarkAll(all.Raw, PortMarks.Turns);
            return all with { Kind = TraceKind.Rows, IsAngle = true };
        }

        // Angles stand twice side by side where halves of a head are turned.
        var isOne = given.Length == 1 || (all.Raw.Count == 1 && all.Counted.Count == 0);
        return PortOperators.KeepsNumbers(node) && isOne ? all : all.AsCounted();
    }

    private PortTrace Mixed(NodeProto node, PortTrace[] reads, TraceKind kind)
    {
        var numbers = reads.Where(read => read.Kind == TraceKind.Numbers).ToArray();
        if (PortOperators.PicksRows(node, node.Input.Count > 1 && _spread.Contains(node.Input[1])))
        {
            MarkAll(reads.Skip(1).SelectMany(read => read.Raw), PortMarks.Picks);
        }

        if (kind == TraceKind.Scores ? PortOperators.Combines(node) : PortOperators.Weighs(node))
        {
            MarkAll(
                numbers.SelectMany(read => read.All), kind == TraceKind.Scores ? PortMarks.Scored : PortMarks.Weighs);
        }

        var rows = reads.Where(read => read.Kind == TraceKind.Rows).ToArray();
        if (kind == TraceKind.Rows)
        {
            if (PortOperators.KeepsRows(node))
            {
                return PortTrace.Of(TraceKind.Rows, rows);
            }

            MarkAll(rows.SelectMany(read => read.Raw), PortMarks.Added);
            return PortTrace.Only(TraceKind.Features);
        }

        // Rows that multiply features may be cosines of places as well as gates of words: angles and the slots of an
        // operator tell. Biases that are looked up by distances are added to scores, and tell nothing of them.
        foreach (var (place, read) in reads.Index().Where(entry => entry.Item.Kind == TraceKind.Rows))
        {
            var turns = PortSlots.Turns(node, place) || (read.IsAngle && node.OpType == "Mul");
            if (turns || kind == TraceKind.Features || node.OpType == "Mul")
            {
                MarkAll(read.Raw, turns ? PortMarks.Turns : PortMarks.Added);
            }
        }

        return kind == TraceKind.Scores ? Scores(node, reads) : PortTrace.Only(kind);
    }

    private PortTrace Scores(NodeProto node, PortTrace[] reads)
    {
        if (PortOperators.MakesShares(node))
        {
            MarkAll(reads.SelectMany(read => read.Biases), PortMarks.Biases);
        }

        if (PortOperators.IsAttention(node))
        {
            return PortTrace.Only(TraceKind.Features);
        }

        var added = reads.Where(read => read.Kind == TraceKind.Numbers && PortOperators.Combines(node));
        return PortTrace.Only(TraceKind.Scores) with
        {
            Biases = reads.SelectMany(read => read.Biases).Concat(added.SelectMany(read => read.All))
                .ToHashSet(StringComparer.Ordinal),
        };
    }

    private void MarkSlots(NodeProto node, Dictionary<string, PortTrace> traces)
    {
        foreach (var (name, use) in PortSlots.Of(node))
        {
            if (traces.TryGetValue(name, out var trace) && trace.Kind == TraceKind.Numbers)
            {
                foreach (var input in trace.Raw)
                {
                    _slots[input] = use;
                }

                foreach (var input in trace.Counted)
                {
                    _slots.TryAdd(input, PortUse.Mask);
                }
            }
        }
    }

    private void Enter(NodeProto node, PortTrace[] reads, Dictionary<string, PortTrace> traces)
    {
        if (node.OpType == "If")
        {
            foreach (var input in reads[0].Raw)
            {
                _slots[input] = PortUse.Branch;
            }
        }

        // What a loop carries comes after the number of its passes and its condition.
        foreach (var graph in node.Attribute.Select(attribute => attribute.G).OfType<GraphProto>())
        {
            for (var i = 0; i < Math.Min(graph.Input.Count, reads.Length); i++)
            {
                traces[graph.Input[i].Name] = reads[i];
            }

            Follow(graph, traces);
            var first = Math.Max(0, graph.Output.Count - node.Output.Count);
            foreach (var (output, inner) in node.Output.Zip(graph.Output.Skip(first)))
            {
                var made = traces.GetValueOrDefault(inner.Name, PortTrace.Constant);
                traces[output] = traces.TryGetValue(output, out var before) && before.Kind > made.Kind ? before : made;
            }
        }
    }

    private void Call(
        FunctionProto function, NodeProto node, PortTrace[] reads, Dictionary<string, PortTrace> traces)
    {
        if (_nested == MostNested)
        {
            return;
        }

        _nested++;
        var inner = new Dictionary<string, PortTrace>(StringComparer.Ordinal);
        foreach (var (parameter, read) in function.Input.Zip(reads))
        {
            inner[parameter] = read;
        }

        Follow(function.Node, inner);
        foreach (var (name, output) in function.Output.Zip(node.Output))
        {
            traces[output] = inner.GetValueOrDefault(name, PortTrace.Constant);
        }

        _nested--;
    }

    private void MarkAll(IEnumerable<string> inputs, PortMarks mark)
    {
        foreach (var input in inputs)
        {
            _marks[input] = MarksOf(input) | mark;
        }
    }

    private static PortTrace Of(TensorProto tensor) => PortTrace.Only(
        tensor.Dims.Count(length => length > 1) > 1
        && (DataType)tensor.DataType is not (DataType.Int64 or DataType.Int32 or DataType.Bool)
            ? TraceKind.Table
            : TraceKind.Constant);
}
