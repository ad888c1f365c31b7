namespace Stip.Protocol.Completions;

/// <summary>The scalar fields of one direction of a connection, of which only those that change are sent: a field that
/// is not named keeps its value, an empty one is taken back. Each end holds one for each direction.</summary>
/// <remarks>Not safe for concurrent use.</remarks>
public sealed class StickyFields
{
    private const int MostFields = 64;
    private readonly Dictionary<string, string> _last = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _changes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _draft = new(StringComparer.Ordinal);

    /// <summary>What the sender must say so that the receiver knows all of <paramref name="fields"/>; valid until the
    /// next call.</summary>
    public IReadOnlyDictionary<string, string> Changes(Dictionary<string, string> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        _changes.Clear();
        foreach (var (name, value) in fields)
        {
            if (!_last.TryGetValue(name, out var known) || known != value)
            {
                _changes[name] = value;
            }
        }

        foreach (var (name, _) in _last)
        {
            if (!fields.ContainsKey(name))
            {
                _changes[name] = "";
            }
        }

        Merge(_changes);
        return _changes;
    }

    /// <summary>All fields after <paramref name="changes"/>; valid until the next call.</summary>
    /// <exception cref="InvalidDataException">There are more fields than any message has.</exception>
    public IReadOnlyDictionary<string, string> Merge(IReadOnlyDictionary<string, string> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (changes is Dictionary<string, string> known)
        {
            // An interface's enumerator would be an object a message.
            foreach (var (name, value) in known)
            {
                Keep(name, value);
            }
        }
        else
        {
            foreach (var (name, value) in changes)
            {
                Keep(name, value);
            }
        }

        return _last.Count <= MostFields
            ? _last
            : throw new InvalidDataException($"the connection carries {_last.Count} fields, at most {MostFields}");
    }

    /// <summary>An empty set to fill with the fields of one message.</summary>
    internal Dictionary<string, string> Draft()
    {
        _draft.Clear();
        return _draft;
    }

    private void Keep(string name, string value)
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
}
