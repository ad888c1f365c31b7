using System.Security.Cryptography;
using Stip.Keys.Permutations;
using Stip.Onnx.Symmetry.Segments;

namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>
/// A map of the expression graph to itself: segments to segments of as many lanes, and the lanes of each component by
/// a permutation of its own.
/// </summary>
internal sealed class Automorphism
{
    private readonly SegmentGraph _graph;
    private readonly LaneComponents _components;
    private readonly int[] _targets;
    private readonly Dictionary<int, int[]> _lanes = [];

    /// <param name="graph">The graph.</param>
    /// <param name="components">Which segments move their lanes as one.</param>
    /// <param name="targets">For every node the node that it becomes.</param>
    /// <param name="random">What the permutations of lanes are drawn with.</param>
    public Automorphism(
        SegmentGraph graph, LaneComponents components, int[] targets, RandomNumberGenerator random)
    {
        _graph = graph;
        _components = components;
        _targets = targets;
        for (var node = 0; node < graph.Count; node++)
        {
            var lanes = graph.Lanes(node);
            if (lanes > 1 && !components.IsHeld(node) && components.Of(node) == node)
            {
                int[] drawn = [.. Enumerable.Range(0, lanes)];
                UniformDraw.Shuffle(drawn.AsSpan(), random);
                _lanes.Add(node, drawn);
                LaneBits += Enumerable.Range(2, lanes - 1).Sum(choices => Math.Log2(choices));
            }
        }
    }

    /// <summary>Base-2 logarithm of the number of ways to permute the lanes.</summary>
    public double LaneBits { get; }

    /// <summary>The label that a label becomes; where equal segments were joined, one of theirs.</summary>
    public int this[int label]
    {
        get
        {
            var (node, lane) = _graph.Of(label);
            var moved = _lanes.TryGetValue(_components.Of(node), out var lanes) ? lanes[lane] : lane;
            return _graph.LabelOf(_targets[node], moved);
        }
    }
}
