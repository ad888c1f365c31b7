using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Segments;

namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>
/// Both directions of the expression graph in flat arrays. Every edge carries a weight that depends on its direction
/// and on
/// the place of the child; sums of weights are how a node's neighbourhood is told from another's.
/// </summary>
internal sealed class Adjacency
{
    private readonly int[] _starts;
    private readonly int[] _neighbours;
    private readonly ulong[] _weightOfRole;

    // Two bytes an edge, four where one has more children than these can count.
    private readonly ushort[] _roles;
    private readonly int[] _wideRoles;
    private int[] _lanes;

    public Adjacency(SegmentGraph graph)
    {
        var runs = graph.Nodes.Runs;
        Count = graph.Count;
        _lanes = graph.LaneCounts;
        _starts = new int[Count + 1];
        var widest = 0;
        for (var node = 0; node < Count; node++)
        {
            var children = runs.Children(node);
            widest = IsOrdered(runs, node) ? Math.Max(widest, children.Length) : widest;
            _starts[node + 1] += children.Length;
            foreach (var child in children)
            {
                _starts[child.Start + 1]++;
            }
        }

        for (var node = 0; node < Count; node++)
        {
            _starts[node + 1] += _starts[node];
        }

        _neighbours = new int[_starts[Count]];
        _weightOfRole = new ulong[2 * (widest + 2)];
        (_roles, _wideRoles) = _weightOfRole.Length > ushort.MaxValue
            ? (Array.Empty<ushort>(), new int[_starts[Count]])
            : (new ushort[_starts[Count]], Array.Empty<int>());
        Fill(runs);
        for (var role = 0; role < _weightOfRole.Length; role++)
        {
            _weightOfRole[role] = Mix((ulong)role + 1);
        }
    }

    private Adjacency(Adjacency whole, int[] nodes, int[] ids)
    {
        Count = nodes.Length;
        _weightOfRole = whole._weightOfRole;
        _lanes = Array.ConvertAll(nodes, whole.Lanes);
        _starts = new int[Count + 1];
        for (var id = 0; id < Count; id++)
        {
            _starts[id + 1] = _starts[id] + whole.Neighbours(nodes[id]).Length;
        }

        var edges = _starts[Count];
        _neighbours = new int[edges];
        (_roles, _wideRoles) = whole._roles.Length > 0 ? (new ushort[edges], Array.Empty<int>())
            : (Array.Empty<ushort>(), new int[edges]);
        for (var id = 0; id < Count; id++)
        {
            var (first, next) = (whole.FirstEdge(nodes[id]), _starts[id]);
            foreach (var neighbour in whole.Neighbours(nodes[id]))
            {
                _neighbours[next] = ids[neighbour];
                SetRole(next++, whole.Role(first++));
            }
        }
    }

    public int Count { get; private set; }

    /// <summary>Keeps some nodes and the edges between them, and forgets the rest: they would take as much
    /// again.</summary>
    /// <param name="nodes">The nodes in ascending order, which get new numbers in this order.</param>
    /// <param name="ids">The new number of every node, -1 for those that are left out.</param>
    public void Narrow(int[] nodes, int[] ids)
    {
        var (next, end) = (0, 0);
        for (var id = 0; id < nodes.Length; id++)
        {
            // Where nothing has been left out so far, the start of this node has been written over.
            var start = id > 0 && nodes[id] == nodes[id - 1] + 1 ? end : _starts[nodes[id]];
            end = _starts[nodes[id] + 1];
            for (var edge = start; edge < end; edge++)
            {
                if (ids[_neighbours[edge]] is >= 0 and var neighbour)
                {
                    _neighbours[next] = neighbour;
                    SetRole(next++, Role(edge));
                }
            }

            _starts[id + 1] = next;
        }

        _starts[0] = 0;
        _lanes = Array.ConvertAll(nodes, Lanes);
        Count = nodes.Length;
    }

    /// <summary>The edges of some nodes that have neighbours among themselves only.</summary>
    /// <param name="nodes">The nodes, which get numbers in this order.</param>
    /// <param name="ids">The number of each, at the place of the node.</param>
    public Adjacency Among(int[] nodes, int[] ids) => new(this, nodes, ids);

    /// <summary>Neighbours of a node, children and parents.</summary>
    public ReadOnlySpan<int> Neighbours(int node) => _neighbours.AsSpan(_starts[node].._starts[node + 1]);

    /// <summary>The number of the edge to the first neighbour; those to the others follow.</summary>
    public int FirstEdge(int node) => _starts[node];

    /// <summary>What an edge is to its node, which also says its direction.</summary>
    public int Role(int edge) => _roles.Length > 0 ? _roles[edge] : _wideRoles[edge];

    /// <summary>The weight that an edge of that role adds to the neighbour.</summary>
    public ulong WeightOf(int role) => _weightOfRole[role];

    /// <summary>How many cells a node stands for.</summary>
    public int Lanes(int node) => _lanes[node];

    /// <summary>How many cells of a node each cell of a neighbour meets.</summary>
    public int Meets(int neighbour, int node) => _lanes[neighbour] == 1 ? _lanes[node] : 1;

    /// <summary>Spreads a small number over all bits.</summary>
    public static ulong Mix(ulong value)
    {
        value *= 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private static bool IsOrdered(RunTable runs, int node) => runs.TraitsOf(node).HasFlag(RunTraits.Ordered);

    private void Fill(RunTable runs)
    {
        var next = _starts.AsSpan(0, Count).ToArray();
        for (var node = 0; node < Count; node++)
        {
            var children = runs.Children(node);
            var isOrdered = IsOrdered(runs, node);
            for (var i = 0; i < children.Length; i++)
            {
                var place = isOrdered ? i + 1 : 0;
                Put(node, children[i].Start, 2 * place);
                Put(children[i].Start, node, (2 * place) + 1);
            }
        }

        void Put(int from, int to, int role)
        {
            _neighbours[next[from]] = to;
            SetRole(next[from]++, role);
        }
    }

    private void SetRole(int edge, int role)
    {
        if (_roles.Length > 0)
        {
            _roles[edge] = (ushort)role;
        }
        else
        {
            _wideRoles[edge] = role;
        }
    }
}
