namespace Stip.Api.Registry.Packages;

/// <summary>
/// Tells graphs in which what rows hold says how many rows, or values, go on: experts that are written in plain
/// operators take the rows that were sent to them (<c>NonZero</c> of the best places, then <c>Gather</c>) and multiply
/// these together.
/// </summary>
internal sealed class PickedRows
{
    // No model has calls, bodies or loops that carry so deep. One that has counts as picking: that costs time alone.
    private const int Deepest = 64;

    private static readonly Func<int, bool> Every = _ => true;

    /// <summary>Inputs that an output's lengths go by, of operators of ONNX.</summary>
    private static readonly Dictionary<string, Func<int, bool>> Lengths = new(StringComparer.Ordinal)
    {
        ["NonZero"] = Every,
        ["Unique"] = Every,
        ["Range"] = Every,
        ["ConstantOfShape"] = Every,
        ["Compress"] = place => place == 1,
        ["Slice"] = place => place > 0,
        ["Reshape"] = place => place == 1,
        ["Expand"] = place => place == 1,
        ["Split"] = place => place == 1,
        ["SplitToSequence"] = place => place == 1,
        ["Pad"] = place => place == 1,
        ["Tile"] = place => place == 1,
        ["TopK"] = place => place == 1,
        ["OneHot"] = place => place == 1,
        ["If"] = place => place == 0,
        ["Loop"] = place => place < 2,
    };

    private readonly Dictionary<(string Domain, string Name), GraphOutline> _functions;
    private readonly Dictionary<(string Domain, string Name), bool> _known = [];
    private int _depth;

    private PickedRows(Dictionary<(string Domain, string Name), GraphOutline> functions) => _functions = functions;

    /// <summary>True where a graph does that by a float input of its own.</summary>
    /// <param name="file">The whole ONNX file.</param>
    /// <exception cref="InvalidDataException">Not the bytes of a model.</exception>
    public static bool AreIn(ReadOnlySpan<byte> file)
    {
        var (graph, functions) = GraphOutline.Read(file);
        var held = new HashSet<string>(StringComparer.Ordinal);
        return new PickedRows(functions).AreIn(graph, held, place => graph.Inputs[place].AreFloats);
    }

    /// <param name="graph">Its nodes stand in their order.</param>
    /// <param name="held">Names of values that what rows hold goes into; grows.</param>
    /// <param name="isHeld">Whether an input is one of these.</param>
    private bool AreIn(GraphOutline graph, HashSet<string> held, Func<int, bool> isHeld)
    {
        if (_depth == Deepest)
        {
            return true;
        }

        _depth++;
        held.UnionWith(graph.Inputs.Where((_, place) => isHeld(place)).Select(input => input.Name));
        var does = graph.Nodes.Any(node => DoesPick(node, held));
        _depth--;
        return does;
    }

    private bool DoesPick(NodeOutline node, HashSet<string> held)
    {
        var isOnnx = node.Domain.Length == 0;
        var reads = node.Inputs.Any(held.Contains) && !(isOnnx && node.Type is "Shape" or "Size");
        if (reads && (isOnnx && Lengths.TryGetValue(node.Type, out var goesBy)
            ? node.Inputs.Where((input, place) => held.Contains(input) && goesBy(place)).Any()
            : DoesFunctionPick((node.Domain, node.Type))))
        {
            return true;
        }

        if (node.Bodies.Any(body => DoesBodyPick(node, body, held)))
        {
            return true;
        }

        var first = OutputOf(node);
        held.UnionWith(node.Outputs.Where((_, place) => node.Bodies.Count == 0
            ? reads
            : node.Bodies.Any(body => held.Contains(body.Outputs.ElementAtOrDefault(place + first) ?? ""))));
        return false;
    }

    // What a pass of a loop carries on is an input of the next; the number of a pass is no one's.
    private bool DoesBodyPick(NodeOutline node, GraphOutline body, HashSet<string> held)
    {
        var (own, output) = (node.Type == "Loop" ? 2 : 0, OutputOf(node));
        for (var pass = 0; pass < Deepest; pass++)
        {
            var before = held.Count;
            if (AreIn(body, held, place => place >= own
                && (held.Contains(node.Inputs.ElementAtOrDefault(place) ?? "")
                    || held.Contains(body.Outputs.ElementAtOrDefault(place - own + output) ?? ""))))
            {
                return true;
            }

            if (held.Count == before)
            {
                return false;
            }
        }

        return true;
    }

    // The first of a loop's body says whether it goes on.
    private static int OutputOf(NodeOutline node) => node.Type == "Loop" ? 1 : 0;

    // Whatever it is called with. One that calls itself is no model that a runtime loads.
    private bool DoesFunctionPick((string Domain, string Name) name)
    {
        if (_known.TryGetValue(name, out var known) || !_functions.TryGetValue(name, out var function))
        {
            return known;
        }

        _known[name] = false;
        return _known[name] = AreIn(function, new HashSet<string>(StringComparer.Ordinal), _ => true);
    }
}
