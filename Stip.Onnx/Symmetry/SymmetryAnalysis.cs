using System.Security.Cryptography;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Refinement;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Segments;

namespace Stip.Onnx.Symmetry;

/// <summary>The axis symmetries of one graph.</summary>
internal sealed class SymmetryAnalysis
{
    private const long MuchMemory = 16_000_000;
    private readonly LaneComponents _components;
    private readonly Adjacency _adjacency;
    private MovingNodes? _moving;

    private SymmetryAnalysis(LabelledGraph graph)
    {
        Graph = graph;
        graph.Store.Seal();
        GiveBack();
        Segments = Cut(graph.Store);
        graph.Store.Close();
        GiveBack();
        _components = new LaneComponents(Segments);
        _adjacency = new Adjacency(Segments);
        Segments.Nodes.Runs.ForgetChildren();
        GiveBack();
        Classes = NodeClasses.Find(Segments, _components, _adjacency);
        GiveBack();
    }

    public LabelledGraph Graph { get; }

    /// <summary>The expression graph, with what always moves as one taken together.</summary>
    public SegmentGraph Segments { get; }

    /// <summary>The edges of the segment graph, until a first draw: there is not room for them beside those that it
    /// needs.</summary>
    public Adjacency Adjacency => _moving is null
        ? _adjacency
        : throw new InvalidOperationException("edges of nodes that stay are not kept through a draw");

    /// <summary>Segments whose lanes move as one.</summary>
    public LaneComponents Components => _components;

    /// <summary>Which labels look alike.</summary>
    public NodeClasses Classes { get; }

    /// <summary>Runs a graph on labels and finds the classes of its nodes.</summary>
    /// <param name="file">The graph.</param>
    /// <param name="longestRun">1 to look at every cell apart, which finds the same and takes longer.</param>
    /// <param name="mostScores">0 to keep all scores of attention by rows, whatever their number.</param>
    /// <param name="mostPlaces">0 to keep all positions of pictures as vectors.</param>
    /// <exception cref="RefusedException">The graph cannot be followed.</exception>
    public static SymmetryAnalysis Of(
        ModelFile file,
        int longestRun = int.MaxValue,
        int mostScores = NodeStore.DefaultScores,
        int mostPlaces = NodeStore.DefaultPlaces) =>
        new(LabelRun.Execute([GraphPart.Of(file)], [], longestRun, mostScores, mostPlaces));

    /// <summary>The same with other rules: tests break one and see that verification fails.</summary>
    /// <param name="file">The graph.</param>
    /// <param name="rules">Rules by operator.</param>
    public static SymmetryAnalysis Of(ModelFile file, Func<string, IOperatorRule?> rules) =>
        new(LabelRun.Execute([GraphPart.Of(file)], [], rules: rules));

    /// <summary>The same for a model of several graphs: one analysis, so that what they share moves as one.</summary>
    /// <exception cref="RefusedException">A graph cannot be followed.</exception>
    /// <remarks>A client's graph that cannot be followed, or in which features would stay, is kept as it is.</remarks>
    /// <param name="parts">Its graphs.</param>
    /// <param name="joins">Features that they share.</param>
    /// <param name="rules">Rules by operator; null for those of the registry.</param>
    /// <param name="longestRun">1 to look at every cell apart, which finds the same and takes longer.</param>
    /// <param name="mostPlaces">0 to keep all positions of pictures, and of what clients send, as vectors.</param>
    public static SymmetryAnalysis Of(
        IReadOnlyList<GraphPart> parts,
        IReadOnlyList<PortJoin> joins,
        Func<string, IOperatorRule?>? rules = null,
        int longestRun = int.MaxValue,
        int mostPlaces = NodeStore.DefaultPlaces)
    {
        if (parts.All(part => part.Sends.Count == 0))
        {
            return new SymmetryAnalysis(LabelRun.Execute(
                parts, joins, longestRun, mostPlaces: mostPlaces, rules: rules));
        }

        SymmetryAnalysis? followed = null;
        RefusedException? refusal = null;
        try
        {
            followed = new SymmetryAnalysis(LabelRun.Execute(
                parts, joins, longestRun, mostPlaces: mostPlaces, rules: rules));
            if (followed.Sent().All(followed.Moves))
            {
                return followed;
            }
        }
        catch (RefusedException e)
        {
            refusal = e;
        }

        var kept = Kept(parts, joins, rules, longestRun, mostPlaces);
        return kept is not null
            && (followed is null || kept.Sent().Count(kept.Moves) > followed.Sent().Count(followed.Moves)) ? kept
            : followed ?? throw refusal!;
    }

    private static SegmentGraph Cut(NodeStore store)
    {
        try
        {
            return new SegmentGraph(store);
        }
        catch (TooManyNodesException)
        {
            throw TooManyNodesException.Refusal();
        }
    }

    // What one step leaves is much where a graph is large: the next would come on top of it.
    private static void GiveBack()
    {
        if (GC.GetTotalMemory(false) > MuchMemory)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        }
    }

    // Features that clients send.
    private IEnumerable<int> Sent() => Graph.Parts.SelectMany(part =>
        part.Outputs.Where(port => part.Part.Sends.Contains(port.Name))).SelectMany(port => port.Nodes);

    private bool Moves(int node) => Classes.Size(node) > 1;

    private static SymmetryAnalysis? Kept(
        IReadOnlyList<GraphPart> parts,
        IReadOnlyList<PortJoin> joins,
        Func<string, IOperatorRule?>? rules,
        int longestRun,
        int mostPlaces)
    {
        try
        {
            IReadOnlyList<GraphPart> held = [.. parts.Select(part => part with { IsKept = part.Sends.Count > 0 })];
            return new SymmetryAnalysis(LabelRun.Execute(
                held, joins, longestRun, mostPlaces: mostPlaces, rules: rules));
        }
        catch (RefusedException)
        {
            return null;
        }
    }

    /// <summary>
    /// Draws a random automorphism: for every label the label that it becomes, and the size of the choice in bits.
    /// </summary>
    public (Automorphism Targets, double Bits) Draw(RandomNumberGenerator random)
    {
        if (_moving is null)
        {
            _moving = new MovingNodes(_adjacency, Classes);
            GiveBack();
        }

        var (targets, bits) = _moving.Draw(random);
        var automorphism = new Automorphism(Segments, _components, targets, random);
        return (automorphism, bits + automorphism.LaneBits);
    }
}
