using Stip.Onnx.Symmetry.Refinement;
using Stip.Onnx.Symmetry.Segments;

namespace Stip.Onnx.Symmetry.Reports;

/// <summary>
/// The largest group of maps that a class admits beside permutations, read off what its cells enter: what is only
/// summed and multiplied with weights may be mixed by any invertible matrix, a function of a single cell allows none.
/// An operator that is not known here counts as such a function.
/// </summary>
/// <param name="Segments">What the nodes are.</param>
/// <param name="Graph">What they hang on.</param>
/// <param name="Classes">How large their classes are.</param>
internal sealed record ClassMaps(SegmentGraph Segments, Adjacency Graph, NodeClasses Classes)
{
    // Of the product of two functions of a feature, one that is linear may have a factor of its own.
    private const string LinearFactor = "scale of the linear factor";

    private static readonly string[] Linear =
        [
        "pair", "dense", "product", "sum", "picked", "at", "in", "input", "axis", "axes", "entry", "output", "kept",
        "Neg",
    ];

    // What cells may enter beside the nodes of their own class.
    private static readonly string[] Neutral = ["set", "block", "product", "sum", "picked", "at", "kept"];

    private static readonly string[] OddFunctions =
        ["Tanh", "Erf", "Sin", "Asin", "Atan", "Sinh", "Asinh", "Softsign"];

    /// <summary>Names the group.</summary>
    /// <param name="nodes">A node for each of the classes that move as one.</param>
    public string Of(IReadOnlyCollection<int> nodes)
    {
        var group = nodes.Select(node => Classes.ClassOf(node, 0)).ToHashSet();
        var maps = AdmittedMaps.All;
        var hasFactor = false;
        foreach (var node in nodes)
        {
            maps &= Admits(node, group) & Parents(node).Where(parent => !IsIn(group, parent.Node))
                .Select(parent => Beside(parent.Node)).Aggregate(AdmittedMaps.All, (all, one) => all & one);
            hasFactor |= IsGate(node, group);
        }

        return maps == AdmittedMaps.None && hasFactor ? LinearFactor : Name(maps);
    }

    private AdmittedMaps Admits(int node, HashSet<int> group) => Operator(node) switch
    {
        "Add" or "Sum" => Children(node).All(child => IsIn(group, child)) ? AdmittedMaps.All : AdmittedMaps.None,
        "Mul" or "Div" => Product(node, group),
        "SimplifiedLayerNormalization" or "RMSNormalization" or "SkipSimplifiedLayerNormalization" =>
            AdmittedMaps.Signs | AdmittedMaps.PairSigns | AdmittedMaps.Orthogonal | AdmittedMaps.OnesFixed
            | AdmittedMaps.Turns,
        "LayerNormalization" or "SkipLayerNormalization" => AdmittedMaps.OnesFixed,
        "rotated" => AdmittedMaps.Turns | AdmittedMaps.Scales | AdmittedMaps.PairSigns,
        "Relu" or "LeakyRelu" => AdmittedMaps.Scales,
        "output" => Output(node),
        var name when Linear.Contains(name) => AdmittedMaps.All,
        var name when OddFunctions.Contains(name) => AdmittedMaps.Signs | AdmittedMaps.PairSigns,
        _ => AdmittedMaps.None,
    };

    // States come back in the form in which they left; of other outputs a client undoes an order and factors.
    private AdmittedMaps Output(int node) => Parents(node).Any(parent => Operator(parent.Node) == "kept")
        ? AdmittedMaps.All
        : AdmittedMaps.Signs | AdmittedMaps.PairSigns | AdmittedMaps.Scales;

    private AdmittedMaps Beside(int parent) => Operator(parent) is var name && Neutral.Contains(name)
        ? AdmittedMaps.All
        : name == "output" ? Output(parent) : AdmittedMaps.None;

    // Times one number for all features, or times a weight for each, which goes into the matrices that follow a norm.
    private AdmittedMaps Product(int node, HashSet<int> group)
    {
        int[] children = [.. Children(node)];
        int[] own = [.. children.Where(child => IsIn(group, child))];
        int[] others = [.. children.Except(own)];
        if (own is [var only] && Array.TrueForAll(others, other => IsOneNumber(node, other)))
        {
            return Operator(node) == "Mul" || Graph.Neighbours(node)[0] == only ? AdmittedMaps.All : AdmittedMaps.None;
        }

        var isWeighted = children.Any(IsWeight);
        return !isWeighted ? AdmittedMaps.None
            : children.Any(IsNorm) && EntersWeightsOnly(node) ? AdmittedMaps.All
            : AdmittedMaps.Signs | AdmittedMaps.PairSigns | AdmittedMaps.Scales;
    }

    private bool IsOneNumber(int node, int other) =>
        Classes.SizeOfNode(other) == 1 || (Graph.Lanes(node) > 1 && Graph.Lanes(other) == 1);

    private bool EntersWeightsOnly(int node) => Parents(node).All(parent => Operator(parent.Node) is "pair"
        || (Operator(parent.Node) is "Add" && Children(parent.Node).Any(IsWeight) && Parents(parent.Node).All(
            next => Operator(next.Node) is "pair")));

    private bool IsGate(int node, HashSet<int> group) => Operator(node) == "Mul"
        && Children(node).All(child => IsIn(group, child))
        && Parents(node).All(parent => Operator(parent.Node) == "pair")
        && Children(node).Any(child => IsLinear(child) && Parents(child).Count() == 1);

    private bool IsLinear(int node) => Operator(node) switch
    {
        "dense" => true,
        "Add" => Children(node).All(child => IsWeight(child) || Operator(child) == "dense"),
        _ => false,
    };

    private bool IsWeight(int node) => Operator(node) is "axis" or "axes" or "entry";

    private bool IsNorm(int node) =>
        Operator(node).EndsWith("LayerNormalization", StringComparison.Ordinal) || Operator(node) == "RMSNormalization";

    private bool IsIn(HashSet<int> group, int node) =>
        Classes.SizeOfNode(node) > 1 && group.Contains(Classes.ClassOf(node, 0));

    private IEnumerable<int> Children(int node)
    {
        var first = Graph.FirstEdge(node);
        return Graph.Neighbours(node).ToArray().Where((_, i) => Graph.Role(first + i) % 2 == 0);
    }

    private IEnumerable<(int Node, int Role)> Parents(int node)
    {
        var first = Graph.FirstEdge(node);
        return Graph.Neighbours(node).ToArray().Select((parent, i) => (parent, Graph.Role(first + i)))
            .Where(edge => edge.Item2 % 2 == 1);
    }

    // Kinds carry attributes and places after the operator's name.
    private string Operator(int node)
    {
        var kind = Segments.Nodes.Kinds.Name(Segments.Nodes.Runs.KindOf(node));
        var end = kind.IndexOf(' ', StringComparison.Ordinal);
        var name = end < 0 ? kind : kind[..end];
        return name[(name.LastIndexOf('.') + 1)..];
    }

    private static string Name(AdmittedMaps maps) =>
        maps.HasFlag(AdmittedMaps.Orthogonal | AdmittedMaps.Scales) ? "invertible"
        : maps.HasFlag(AdmittedMaps.Orthogonal) ? "orthogonal"
        : maps.HasFlag(AdmittedMaps.OnesFixed) ? "orthogonal, ones fixed"
        : maps.HasFlag(AdmittedMaps.Turns | AdmittedMaps.Scales) ? "turns and scales of pairs"
        : maps.HasFlag(AdmittedMaps.Turns) ? "turns of pairs"
        : maps.HasFlag(AdmittedMaps.Signs | AdmittedMaps.Scales) ? "signs and scales"
        : maps.HasFlag(AdmittedMaps.Signs) ? "signs"
        : maps.HasFlag(AdmittedMaps.Scales) ? "scales"
        : maps.HasFlag(AdmittedMaps.PairSigns) ? "signs of pairs"
        : "permutation";
}
