namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>Nodes that may move, of which none hangs on what moves elsewhere: they are drawn apart.</summary>
/// <param name="graph">The edges between them.</param>
/// <param name="members">The nodes, class after class, by numbers of lanes.</param>
/// <param name="ends">Where each class ends.</param>
internal sealed class MovingPart(Adjacency graph, int[] members, int[] ends)
{
    public Adjacency Graph => graph;

    public int ClassCount => ends.Length;

    /// <summary>The members of a class, by numbers of lanes.</summary>
    public ReadOnlySpan<int> Class(int number) => members.AsSpan((number == 0 ? 0 : ends[number - 1])..ends[number]);
}
