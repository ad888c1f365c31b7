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
        foreach (var members in classes.Members().Where(members => members.Length > 1))
        {
            foreach (var partner in Partners(graph, members[0]))
            {
                _parents[Root(classes.ClassOf(members[0]))] = Root(partner);
            }
        }
    }

    /// <summary>The group of a node's class.</summary>
    public int GroupOf(int node) => Root(_classes.ClassOf(node));

    // One member speaks for its class: in a refined partition all have the same number of neighbours in every class.
    private IEnumerable<int> Partners(Adjacency graph, int node)
    {
        var counts = new Dictionary<(int Class, int Role), int>();
        var roles = graph.Roles(node);
        var neighbours = graph.Neighbours(node);
        for (var i = 0; i < neighbours.Length; i++)
        {
            if (_classes.Size(neighbours[i]) == _classes.Size(node))
            {
                var key = (_classes.ClassOf(neighbours[i]), roles[i]);
                counts[key] = counts.GetValueOrDefault(key) + 1;
            }
        }

        return counts.Where(entry => entry.Value == 1).Select(entry => entry.Key.Class);
    }

    private int Root(int cell)
    {
        while (_parents.TryGetValue(cell, out var parent) && parent != cell)
        {
            cell = parent;
        }

        return cell;
    }
}
