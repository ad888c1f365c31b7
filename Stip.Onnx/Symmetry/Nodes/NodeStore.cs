using System.Runtime.InteropServices;

namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>
/// The expression graph: one node for every value that a cell of a tensor can have. A node is a kind and its
/// children; the
/// same kind over the same children is the same node, unless it was made fresh. All of it is integers in flat arrays.
/// </summary>
internal sealed class NodeStore
{
    private readonly List<int> _kinds = [];
    private readonly List<bool> _ordered = [];
    private readonly List<int> _childEnds = [];
    private readonly List<int> _children = [];
    private int[] _table = new int[1 << 12];
    private int _tableCount;
    private int[] _scratch = [];

    public KindTable Kinds { get; } = new();

    public int Count => _kinds.Count;

    public int EdgeCount => _children.Count;

    public int KindOf(int node) => _kinds[node];

    /// <summary>True where the order of the children matters.</summary>
    public bool IsOrdered(int node) => _ordered[node];

    public ReadOnlySpan<int> Children(int node)
    {
        var start = node == 0 ? 0 : _childEnds[node - 1];
        return CollectionsMarshal.AsSpan(_children)[start.._childEnds[node]];
    }

    /// <summary>A node whose children have places.</summary>
    public int Ordered(int kind, params ReadOnlySpan<int> children) => Find(kind, children, ordered: true);

    /// <summary>A node whose children are a set in which one may occur several times.</summary>
    public int Unordered(int kind, params ReadOnlySpan<int> children)
    {
        if (children.Length == 2)
        {
            return children[0] <= children[1]
                ? Find(kind, children, ordered: false)
                : Find(kind, [children[1], children[0]], ordered: false);
        }

        if (_scratch.Length < children.Length)
        {
            _scratch = new int[children.Length * 2];
        }

        var sorted = _scratch.AsSpan(0, children.Length);
        children.CopyTo(sorted);
        sorted.Sort();
        return Find(kind, sorted, ordered: false);
    }

    /// <summary>A node that equals no other.</summary>
    public int Fresh(int kind, params ReadOnlySpan<int> children) => Append(kind, children, ordered: true);

    /// <summary>A number: it never moves.</summary>
    public int Constant(double value) => Ordered(Kinds.Id("constant", BitConverter.DoubleToInt64Bits(value)));

    private static uint Hash(int kind, ReadOnlySpan<int> children)
    {
        var hash = (ulong)(uint)kind * 0x9E3779B97F4A7C15;
        foreach (var child in children)
        {
            hash = (hash ^ (uint)child) * 0xD6E8FEB86659FD93;
            hash ^= hash >> 32;
        }

        return (uint)(hash ^ (hash >> 29));
    }

    private int Find(int kind, ReadOnlySpan<int> children, bool ordered)
    {
        var slot = Hash(kind, children) & (uint)(_table.Length - 1);
        while (_table[slot] != 0)
        {
            var node = _table[slot] - 1;
            if (_kinds[node] == kind && Children(node).SequenceEqual(children))
            {
                return node;
            }

            slot = (slot + 1) & (uint)(_table.Length - 1);
        }

        var made = Append(kind, children, ordered);
        _table[slot] = made + 1;
        if (++_tableCount * 2 > _table.Length)
        {
            Grow();
        }

        return made;
    }

    private int Append(int kind, ReadOnlySpan<int> children, bool ordered)
    {
        _kinds.Add(kind);
        _ordered.Add(ordered);
        _children.AddRange(children);
        _childEnds.Add(_children.Count);
        return _kinds.Count - 1;
    }

    private void Grow()
    {
        var old = _table;
        _table = new int[old.Length * 2];
        foreach (var entry in old)
        {
            if (entry == 0)
            {
                continue;
            }

            var slot = Hash(_kinds[entry - 1], Children(entry - 1)) & (uint)(_table.Length - 1);
            while (_table[slot] != 0)
            {
                slot = (slot + 1) & (uint)(_table.Length - 1);
            }

            _table[slot] = entry;
        }
    }
}
