namespace Stip.Api.Engine.Scheduling;

/// <summary>Places of a queue. An owner may have as many as are left free after it, so that whoever
/// comes next finds some however many one owner asks for.</summary>
/// <param name="most">Of all owners together.</param>
/// <param name="what">What waits there.</param>
internal sealed class QueuePlaces(int most, string what)
{
    private readonly Lock _counting = new();
    private readonly Dictionary<string, int> _held = new(StringComparer.Ordinal);
    private int _taken;

    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Null, or why there is none for this owner.</summary>
    public string? TryTake(string owner)
    {
        lock (_counting)
        {
            var held = _held.GetValueOrDefault(owner);
            if (_taken == most || (held > 0 && held >= most - _taken))
            {
                return held > 0 && _taken < most
                    ? $"{held} {what} of this key are waiting already, and {most - _taken} places are left for others"
                    : $"{most} {what} are waiting already";
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
