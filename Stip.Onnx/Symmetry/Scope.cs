using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>The values that nodes of one graph, inner graph or function can read by name.</summary>
/// <param name="declared">Shapes that the graph states for its values.</param>
/// <param name="outer">The scope around an inner graph; null for a model or a function.</param>
internal sealed class Scope(IEnumerable<ValueInfoProto> declared, Scope? outer = null)
{
    private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);
    private readonly Lazy<Dictionary<string, ValueInfoProto>> _declared = new(() =>
        declared.GroupBy(value => value.Name).ToDictionary(group => group.Key, group => group.First()));

    public Value this[string name]
    {
        get => Find(name) ?? throw new RefusedException($"'{name}' is read, which nothing before makes");
        set => _values[name] = value;
    }

    public Value? Find(string name) => _values.TryGetValue(name, out var value) ? value : outer?.Find(name);

    public ValueInfoProto? Declared(string name) => _declared.Value.GetValueOrDefault(name);

    public bool Holds(string name) => _values.ContainsKey(name);

    /// <summary>How many reads of a name are still to come.</summary>
    public int UsesLeft(string name) => _uses.GetValueOrDefault(name);

    /// <summary>Says how often names will be read, so that values can go when nothing reads them any more.</summary>
    public void Expect(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            _uses[name] = _uses.GetValueOrDefault(name) + 1;
        }
    }

    /// <summary>Notes that names have been read once.</summary>
    public void Release(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            if (_uses.TryGetValue(name, out var uses) && (_uses[name] = uses - 1) == 0)
            {
                _values.Remove(name);
            }
        }
    }
}
