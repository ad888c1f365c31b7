namespace Stip.Client.Speculation;

/// <summary>What a round costs by the number of its rows: a line through the recent ones.</summary>
internal sealed class RoundCosts
{
    private const double Decay = 0.95;
    private const double UnknownSlope = 0.1;
    private const double LongestOfMean = 4;

    private readonly Lock _lock = new();
    private double _count;
    private double _rows;
    private double _rowsSquared;
    private double _time;
    private double _rowsByTime;

    /// <summary>Takes a round in; one that was held up counts as no more than a few ordinary ones.</summary>
    public void Add(int rows, TimeSpan roundTrip)
    {
        lock (_lock)
        {
            var time = roundTrip.TotalMilliseconds;
            time = _count > 0 ? Math.Min(time, LongestOfMean * _time / _count) : time;
            _count = (_count * Decay) + 1;
            _rows = (_rows * Decay) + rows;
            _rowsSquared = (_rowsSquared * Decay) + ((double)rows * rows);
            _time = (_time * Decay) + time;
            _rowsByTime = (_rowsByTime * Decay) + (rows * time);
        }
    }

    /// <summary>Milliseconds of a round with one row, and of each further one.</summary>
    public (double First, double Further) Line()
    {
        lock (_lock)
        {
            if (_count == 0)
            {
                return (1, UnknownSlope);
            }

            var (rows, time) = (_rows / _count, _time / _count);
            var variance = (_rowsSquared / _count) - (rows * rows);
            var slope = variance > 0.05
                ? Math.Clamp(((_rowsByTime / _count) - (rows * time)) / variance, 0, time / rows)
                : UnknownSlope * time / (1 + (UnknownSlope * (rows - 1)));
            return (Math.Max(time - (slope * (rows - 1)), 1e-3), slope);
        }
    }
}
