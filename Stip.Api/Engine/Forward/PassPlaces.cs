namespace Stip.Api.Engine.Forward;

/// <summary>Places of passes that wait or run. An owner may have as many as are left free after it, so that whoever
/// comes next finds some however many one owner asks for.</summary>
/// <param name="most">Of all owners together.</param>
internal sealed class PassPlaces(int most)
{
    private readonly Lock _counting = new();
    private readonly Dictionary<string, int> _held = new(StringComparer.Ordinal);
    private int _taken;

    public bool AreFree => Volatile.Read(ref _taken) == 0;

    /// <summary>Null, or why there is none for this owner.</summary>
    public string? TryTake(string owner)
    {
        lock (_counting)
        {
            var held = _held.GetValueOrDefault(owner);
            if (_taken == most || (held > 0 && held >= most - _taken))
            {
                return held > 0 && _taken < most
                    ? $"{held} passes of this key are waiting already, and {most - _taken} places are left for others"
                    : $"{most} passes are waiting already";
            }

            _held[owner] = held + 1;
            _taken++;
            return null;
        }
    }

    public void GiveBack(string owner)
    {
        lock (_counting)
        {
            _taken--;
            if (--_held[owner] == 0)
            {
                _held.Remove(owner);
            }
        }
    }
}
