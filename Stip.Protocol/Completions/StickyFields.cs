namespace Stip.Protocol.Completions;

/// <summary>The scalar fields of one direction of a connection, of which only those that change are sent: a field that
/// is not named keeps its value, an empty one is taken back. Each end holds one for each direction.</summary>
/// <remarks>Not safe for concurrent use.</remarks>
public sealed class StickyFields
{
    private const int MostFields = 64;
    private readonly Dictionary<string, string> _last = new(StringComparer.Ordinal);

    /// <summary>What the sender must say so that the receiver knows all of <paramref name="fields"/>.</summary>
    public IReadOnlyDictionary<string, string> Changes(IReadOnlyDictionary<string, string> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var changes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in fields)
        {
            if (!_last.TryGetValue(name, out var known) || known != value)
            {
                changes[name] = value;
            }
        }

        foreach (var gone in _last.Keys.Where(name => !fields.ContainsKey(name)))
        {
            changes[gone] = "";
        }

        Merge(changes);
        return changes;
    }

    /// <summary>All fields after <paramref name="changes"/>; valid until the next call.</summary>
    /// <exception cref="InvalidDataException">There are more fields than any message has.</exception>
    public IReadOnlyDictionary<string, string> Merge(IReadOnlyDictionary<string, string> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        foreach (var (name, value) in changes)
        {
            if (value.Length == 0)
            {
                _last.Remove(name);
            }
            else
            {
                _last[name] = value;
            }
        }

        return _last.Count <= MostFields
            ? _last
            : throw new InvalidDataException($"the connection carries {_last.Count} fields, at most {MostFields}");
    }
}
