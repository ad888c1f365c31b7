namespace Stip.Client.Transport;

/// <summary>The largest size that the way to a server lets through, as far as was seen: half of what was refused, and
/// tried again with twice as much after some time, since what was too small may have been mended.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class SizeCeiling
{
    private const int FirstPatience = 16;
    private const int LongestPatience = 1024;

    private readonly Lock _lock = new();
    private readonly int _most;
    private volatile int _value;
    private int _patience = FirstPatience;
    private int _went;
    private bool _isTrying;

    /// <param name="most">The largest size; it begins there.</param>
    public SizeCeiling(int most) => (_most, _value) = (most, most);

    /// <summary>At least 1.</summary>
    public int Value => _value;

    /// <summary>A refusal of that size.</summary>
    public void TookTooMany(int size)
    {
        lock (_lock)
        {
            // Each trial in vain costs a request, so the next one comes later.
            _patience = _isTrying ? Math.Min(2 * _patience, LongestPatience) : _patience;
            (_isTrying, _went) = (false, 0);
            _value = Math.Max(1, Math.Min(_value, size / 2));
        }
    }

    /// <summary>That size went through. Those far below the ceiling say nothing of it.</summary>
    public void Went(int size)
    {
        if (_value == _most || size <= _value / 2)
        {
            return;
        }

        lock (_lock)
        {
            if (++_went >= _patience)
            {
                (_isTrying, _went) = (true, 0);
                _value = (int)Math.Min(_most, 2L * _value);
            }
        }
    }
}
