namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>
/// Kinds of nodes: what a node does, apart from its children. Nodes of different kinds never trade places.
/// </summary>
internal sealed class KindTable
{
    private readonly Dictionary<(string Name, long Tag), int> _ids = [];
    private readonly List<(string Name, long Tag)> _kinds = [];

    public int Count => _kinds.Count;

    /// <summary>The kind of that name, made when it is asked for first.</summary>
    /// <param name="name">What the node does.</param>
    /// <param name="tag">Tells kinds of one name apart, e.g. the bits of a constant.</param>
    public int Id(string name, long tag = 0)
    {
        if (!_ids.TryGetValue((name, tag), out var id))
        {
            id = _kinds.Count;
            _ids.Add((name, tag), id);
            _kinds.Add((name, tag));
        }

        return id;
    }

    public string Name(int id) => _kinds[id].Name;
}
