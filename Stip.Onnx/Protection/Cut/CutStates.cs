using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// Goes through a graph once and tells for every value whether the client computes it: all that depends on ids, pixels
/// and positions alone, up to sums of the first features.
/// </summary>
internal sealed class CutStates
{
    // What may happen to rows before they are sent. Norms and products are the server's.
    private static readonly HashSet<string> Absorbed = new(StringComparer.Ordinal)
    {
        "Add", "Sub", "Mul", "Div", "Cast", "CastLike", "Identity", "Dropout", "Reshape", "Flatten", "Transpose",
        "Squeeze", "Unsqueeze", "Concat", "Expand", "Slice", "Where",
    };

    private static readonly HashSet<string> Products = new(StringComparer.Ordinal)
    {
        "MatMul", "Gemm", "FusedMatMul", "MatMulNBits", "Einsum", "MatMulInteger", "QLinearMatMul",
        "DynamicQuantizeMatMul", "MatMulIntegerToFloat",
    };

    private readonly GraphProto _graph;
    private readonly Constants _constants;
    private readonly Dictionary<string, NodeProto> _makers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CutState> _states = new(StringComparer.Ordinal);

    public CutStates(GraphProto graph, Constants constants, IReadOnlyDictionary<string, InputRole> inputs)
    {
        _graph = graph;
        _constants = constants;
        foreach (var (name, role) in inputs)
        {
            _states[name] = role switch
            {
                InputRole.Public => CutState.Open,
                InputRole.Features => CutState.Cloud,
                _ => CutState.Secret,
            };
        }

        foreach (var node in graph.Node)
        {
            Set(node, StateOf(node));
            foreach (var output in node.Output)
            {
                _makers[output] = node;
            }
        }

        if (ConvolvedStem.Find(graph, constants, name => this[name]) is { Count: > 0 } stem)
        {
            foreach (var node in graph.Node)
            {
                Set(node, stem.Contains(node) ? CutState.Hidden : StateOf(node));
            }
        }

        while (GiveBack())
        {
        }
    }

    public CutState this[string name] =>
        _constants.Has(name) ? CutState.Open : _states.GetValueOrDefault(name, CutState.Cloud);

    private void Set(NodeProto node, CutState state)
    {
        foreach (var output in node.Output.Where(output => output.Length > 0))
        {
            _states[output] = state;
        }
    }

    private CutState StateOf(NodeProto node)
    {
        var reads = OuterReads.Of(node).Select(name => this[name]).ToArray();
        if (!Array.TrueForAll(reads, state => state.IsClient))
        {
            return CutState.Cloud;
        }

        if (node.OpType is "Shape" or "Size" || !Array.Exists(reads, state => state.Crosses))
        {
            return CutState.Open;
        }

        if (Array.Exists(reads, state => state.IsHidden))
        {
            return (Absorbed.Contains(node.OpType) && !IsGrouped(node)) || Convolutions.IsBlocked(node)
                ? CutState.Hidden
                : CutState.Cloud;
        }

        return IsFirst(node) ? CutState.Hidden : CutState.Secret;
    }

    // Features and places laid together for a norm over groups of channels: part of the norm.
    private bool IsGrouped(NodeProto node) => node.OpType == "Reshape"
        && _graph.Node.Where(reader => reader.Input.Contains(node.Output[0])).ToArray() is { Length: > 0 } readers
        && Array.TrueForAll(readers, reader => reader.OpType == "InstanceNormalization");

    // The first features: rows looked up, or a picture times a weight.
    private bool IsFirst(NodeProto node) =>
        (Lookups.IndexOf(node, _constants) is { } index && this[index].IsSecret)
        || ((Products.Contains(node.OpType) || Convolutions.KernelOf(node) is not null || IsLayer(node))
            && node.Input.Any(_constants.HasMatrix));

    // What the runtime's own operators do with a matrix is more than to add it.
    private static bool IsLayer(NodeProto node) =>
        node.Domain.Length > 0 && !node.OpType.StartsWith("QLinear", StringComparison.Ordinal)
        && !Absorbed.Contains(node.OpType);

    // What the server can make of other values that are sent need not be sent: a cast before a norm, a square.
    private bool GiveBack()
    {
        var sent = Sent();
        foreach (var name in sent)
        {
            var between = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
            if (CanServerMake(_makers.GetValueOrDefault(name), sent, between))
            {
                foreach (var node in between)
                {
                    Set(node, CutState.Cloud);
                }

                Again(between);
                return true;
            }
        }

        return false;
    }

    private bool CanServerMake(NodeProto? node, HashSet<string> sent, HashSet<NodeProto> between)
    {
        if (node is null || !Absorbed.Contains(node.OpType) || !OuterReads.Of(node).Any(name => this[name].IsHidden))
        {
            return false;
        }

        // Followed once, however many ways lead to it.
        return !between.Add(node) || OuterReads.Of(node).All(name => !this[name].Crosses || sent.Contains(name)
            || CanServerMake(_makers.GetValueOrDefault(name), sent, between));
    }

    // What stands after nodes that were given back is the server's as well.
    private void Again(HashSet<NodeProto> given)
    {
        foreach (var node in _graph.Node.SkipWhile(node => !given.Contains(node)).Where(node => !given.Contains(node)
            && this[node.Output[0]].IsClient && !_constants.Has(node.Output[0])))
        {
            Set(node, StateOf(node));
        }
    }

    private HashSet<string> Sent()
    {
        var sent = _graph.Output.Select(output => output.Name).Where(name => this[name].Crosses)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var node in _graph.Node.Where(node => !this[node.Output[0]].IsClient))
        {
            sent.UnionWith(OuterReads.Of(node).Where(name => this[name].Crosses));
        }

        return sent;
    }
}
