using Stip.Onnx.Symmetry.Refinement;

namespace Stip.Onnx.Symmetry.Reports;

/// <summary>
/// Classes that move as one: where every member of one class hangs on exactly one member of another of the same size,
/// the
/// permutation of the first is that of the second.
/// </summary>
internal sealed class ClassGroups
{
    private readonly Dictionary<int, int> _parents = [];
    private readonly NodeClasses _classes;

    public ClassGroups(Adjacency graph, NodeClasses classes)
    {
        _classes = classes;
        foreach (var members in classes.Members().Where(members => classes.SizeOfNode(members[0]) > 1))
        {
            for (var lane = 0; lane < graph.Lanes(members[0]); lane++)
            {
                foreach (var partner in Partners(graph, members[0], lane))
                {
                    _parents[Root(classes.ClassOf(members[0], lane))] = Root(partner);
                }

                if (!classes.IsHeld(members[0]))
                {
                    break;
                }
            }
        }
    }

    /// <summary>The group of a label's class.</summary>
    public int GroupOf(int label) => Root(_classes.ClassOf(label));

    /// <summary>The group of a class, by the number that <see cref="NodeClasses"/> gives it.</summary>
    public int GroupOfClass(int number) => Root(number);

    // One member speaks for its class: in a refined partition all have the same number of neighbours in every class.
    private IEnumerable<int> Partners(Adjacency graph, int node, int lane)
    {
        var counts = new Dictionary<(int Class, int Role), int>();
        var first = graph.FirstEdge(node);
        var neighbours = graph.Neighbours(node);
        for (var i = 0; i < neighbours.Length; i++)
        {
            if (_classes.SizeOfNode(neighbours[i]) == _classes.SizeOfNode(node))
            {
                var isLane = graph.Lanes(neighbours[i]) > 1 && graph.Lanes(node) > 1;
                var key = (_classes.ClassOf(neighbours[i], isLane ? lane : 0), graph.Role(first + i));
                counts[key] = counts.GetValueOrDefault(key) + graph.Meets(node, neighbours[i]);
            }
        }

        return counts.Where(entry => entry.Value == 1).Select(entry => entry.Key.Class);
    }

    // Paths are halved on the way, so that long chains of layers stay cheap.
    private int Root(int cell)
    {
        while (_parents.TryGetValue(cell, out var parent) && parent != cell)
        {
            if (_parents.TryGetValue(parent, out var above))
            {
                _parents[cell] = above;
            }

            cell = parent;
        }

        return cell;
    }
}
