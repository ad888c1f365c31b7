using Stip.Onnx.Model;
using Stip.Onnx.Protection.Caches;

namespace Stip.Onnx.Symmetry.Ports;

/// <summary>
/// Tells what masks, positions and lengths among the inputs of a graph are, by what the graph does with them. Words in
/// their names are asked where that is nothing, or not enough to go by. What nothing tells is taken for a secret.
/// </summary>
internal sealed class PortUses
{
    private readonly Dictionary<string, PortUse> _uses = new(StringComparer.Ordinal);
    private readonly HashSet<string> _shown = new(StringComparer.Ordinal);
    private readonly HashSet<string> _indices = new(StringComparer.Ordinal);

    /// <param name="graph">The whole graph.</param>
    /// <param name="functions">Functions that its nodes may call.</param>
    public PortUses(GraphProto graph, IEnumerable<FunctionProto>? functions = null)
    {
        var weights = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        ValueInfoProto[] inputs = [.. graph.Input.Where(input => !weights.Contains(input.Name))];
        FunctionProto[] calls = [.. functions ?? []];
        var walk = new PortWalk(graph, inputs, calls);
        foreach (var input in inputs)
        {
            var marks = walk.MarksOf(input.Name);
            var words = PortWords.MayBePosition(input.Name) && CountsSteps(input, graph, calls)
                ? PortUse.Position
                : PortWords.UseOf(input.Name);
            var isFloat = ElementTypes.AreQuantities(input);
            var told = isFloat ? FloatsBy(marks, walk.SlotOf(input.Name)) : ToldBy(marks, walk.SlotOf(input.Name));
            var seen = isFloat ? PortUse.Unknown : SeenBy(marks);
            _uses[input.Name] = told != PortUse.Unknown ? told
                : words != PortUse.Unknown && (!isFloat || words == PortUse.Mask) ? words
                : seen;
            _shown.UnionWith(
                told != PortUse.Unknown || (seen != PortUse.Unknown && (words == seen || IsSure(marks)))
                    ? [input.Name] : []);
            _indices.UnionWith(marks.HasFlag(PortMarks.Indexes) ? [input.Name] : []);
        }
    }

    /// <summary>The use of an input; of any other name what its words say.</summary>
    public PortUse this[string name] =>
        _uses.TryGetValue(name, out var use) ? use : PortWords.UseOf(name);

    /// <summary>True where the graph itself shows that the input is a mask, a position or a length, and not its name
    /// alone.</summary>
    public bool IsShown(string name) => _shown.Contains(name);

    /// <summary>True where rows of a table are looked up by the input as it is.</summary>
    public bool IsIndex(string name) => _indices.Contains(name);

    // One number, or one for each token of a step; without caches they may be parts of speech, of which words are told.
    private static bool CountsSteps(ValueInfoProto input, GraphProto graph, FunctionProto[] calls) =>
        input.Type?.TensorType?.Shape?.Dim is { Count: 0 } or [{ DimValue: 1 }]
        || CachePairs.Find(graph, calls, []).Count > 0
        || (input.Type?.TensorType?.Shape?.Dim.Count == 1 && CarriedInputs.States(graph).Count > 0);

    // Floats that meet scores, and no weight, are added to them. A state is added to products as well.
    private static PortUse FloatsBy(PortMarks marks, PortUse slot) =>
        slot == PortUse.Mask || (marks.HasFlag(PortMarks.Biases) && !marks.HasFlag(PortMarks.Added))
            ? PortUse.Mask
            : PortUse.Unknown;

    // Ids tell their own padding, and are none the less ids.
    private static PortUse ToldBy(PortMarks marks, PortUse slot) =>
        slot != PortUse.Unknown && !(slot == PortUse.Mask && (marks & (PortMarks.Indexes | PortMarks.Added)) != 0)
            ? slot
            : marks.HasFlag(PortMarks.Turns) && !marks.HasFlag(PortMarks.Added) ? PortUse.Position
            : PortUse.Unknown;

    // What multiplies features may be any number; what meets scores, places or rows is a mask, a position or a place.
    private static bool IsSure(PortMarks marks) =>
        (marks & (PortMarks.Scored | PortMarks.Ordered | PortMarks.Picks)) != 0;

    private static PortUse SeenBy(PortMarks marks) =>
        marks.HasFlag(PortMarks.Added) ? PortUse.Unknown
            : marks.HasFlag(PortMarks.Indexes)
                ? marks.HasFlag(PortMarks.Ordered) ? PortUse.Position : PortUse.Unknown
            : marks.HasFlag(PortMarks.Picks) ? PortUse.Place
            : marks.HasFlag(PortMarks.Ordered) ? PortUse.Position
            : (marks & (PortMarks.Weighs | PortMarks.Scored)) != 0 ? PortUse.Mask
            : PortUse.Unknown;
}
