using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection.Caches;

/// <summary>Which inputs of a graph lie in a value as they are: moved, cut, joined or written over in part, but not
/// computed with. A present cache carries its past one, and no other.</summary>
internal sealed class CarriedInputs
{
    // What these give is their first input, or cells of it.
    private static readonly HashSet<string> Moving = new(StringComparer.Ordinal)
    {
        "Cast", "CastLike", "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split",
        "Gather", "Pad", "Expand", "ScatterND", "ScatterElements", "TensorScatter",
    };

    private static readonly HashSet<string> Joining = new(StringComparer.Ordinal) { "Concat", "Where", "If" };

    private const int MostNested = 32;
    private readonly IReadOnlyList<FunctionProto> _functions;
    private readonly Dictionary<string, IReadOnlySet<string>> _carried = new(StringComparer.Ordinal);

    private readonly Dictionary<FunctionProto, IReadOnlyDictionary<string, IReadOnlySet<string>>> _known;
    private readonly int _depth;

    private readonly Func<NodeProto, bool> _isLeftOut;

    private CarriedInputs(
        IReadOnlyList<FunctionProto> functions,
        Dictionary<FunctionProto, IReadOnlyDictionary<string, IReadOnlySet<string>>> known,
        int depth,
        Func<NodeProto, bool>? isLeftOut = null) =>
        (_functions, _known, _depth, _isLeftOut) = (functions, known, depth, isLeftOut ?? (_ => false));

    /// <summary>For every value that carries an input, the names of those inputs.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="functions">Functions that its nodes may call.</param>
    /// <param name="isLeftOut">Nodes that carry nothing on; null for none.</param>
    public static IReadOnlyDictionary<string, IReadOnlySet<string>> Of(
        GraphProto graph, IReadOnlyList<FunctionProto> functions, Func<NodeProto, bool>? isLeftOut = null)
    {
        var found = new CarriedInputs(functions, new(ReferenceEqualityComparer.Instance), 0, isLeftOut);
        foreach (var input in graph.Input)
        {
            found._carried[input.Name] = new HashSet<string>(StringComparer.Ordinal) { input.Name };
        }

        found.Follow(graph.Node);
        return found._carried;
    }

    /// <summary>Floats that an output hands on to the next step: states, whatever reads them first. A sound that is
    /// handed on with what came before it is none.</summary>
    /// <param name="graph">The graph, without calls of functions that matter.</param>
    public static IReadOnlySet<string> States(GraphProto graph)
    {
        var carried = Of(graph, []);
        var inputs = graph.Input.Where(ElementTypes.AreQuantities)
            .ToDictionary(input => input.Name, StringComparer.Ordinal);
        return graph.Output.Select(output => (output, Pasts: carried.GetValueOrDefault(output.Name)?
                .Where(inputs.ContainsKey).ToArray() ?? []))
            .Where(entry => entry.Pasts is [var past] && past != entry.output.Name
                && CacheAxes.AreAlike(inputs[past], entry.output))
            .Select(entry => entry.Pasts[0]).ToHashSet(StringComparer.Ordinal);
    }

    private void Follow(IEnumerable<NodeProto> nodes)
    {
        foreach (var node in nodes)
        {
            if (_functions.FirstOrDefault(f => f.Name == node.OpType && f.Domain == node.Domain) is { } function)
            {
                Call(function, node);
                continue;
            }

            foreach (var (past, present) in CacheSlots.Of(node))
            {
                Add(present, past);
            }

            if ((Moving.Contains(node.OpType) || Joining.Contains(node.OpType)) && !_isLeftOut(node))
            {
                Move(node);
            }
        }
    }

    private void Move(NodeProto node)
    {
        foreach (var branch in OuterReads.Subgraphs(node))
        {
            Follow(branch.Node);
            for (var i = 0; i < Math.Min(branch.Output.Count, node.Output.Count); i++)
            {
                Add(node.Output[i], branch.Output[i].Name);
            }
        }

        foreach (var input in node.Input.Take(Moving.Contains(node.OpType) ? 1 : node.Input.Count))
        {
            foreach (var output in node.Output)
            {
                Add(output, input);
            }
        }
    }

    private void Call(FunctionProto function, NodeProto node)
    {
        var carries = Carries(function);
        foreach (var (name, output) in function.Output.Zip(node.Output))
        {
            foreach (var (parameter, input) in function.Input.Zip(node.Input))
            {
                if (carries.GetValueOrDefault(name)?.Contains(parameter) == true)
                {
                    Add(output, input);
                }
            }
        }
    }

    // Followed once, whoever calls it how often.
    private IReadOnlyDictionary<string, IReadOnlySet<string>> Carries(FunctionProto function)
    {
        if (_known.TryGetValue(function, out var known))
        {
            return known;
        }

        if (_depth == MostNested)
        {
            throw new RefusedException(
                $"function {function.Name} is called {MostNested} functions deep; fewer must be nested");
        }

        var inner = new CarriedInputs(_functions, _known, _depth + 1, _isLeftOut);
        foreach (var parameter in function.Input)
        {
            inner._carried[parameter] = new HashSet<string>(StringComparer.Ordinal) { parameter };
        }

        inner.Follow(function.Node);
        return _known[function] = inner._carried;
    }

    private void Add(string to, string from)
    {
        // An output that nobody reads has no name.
        if (to.Length > 0 && _carried.TryGetValue(from, out var inputs))
        {
            _carried[to] = _carried.TryGetValue(to, out var before) ? before.Union(inputs).ToHashSet() : inputs;
        }
    }
}
