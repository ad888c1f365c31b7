namespace Stip.Client.Speculation;

/// <summary>What a round costs by the number of its rows: a line through the recent ones.</summary>
internal sealed class RoundCosts
{
    private const double Decay = 0.95;
    private const double LongestOfMean = 4;

    // Where few rounds had more than one row, a further row is taken to cost this share of the server's time for a
    // round: the way there and back it has for nothing. A server that does not tell its time is taken to be far.
    private const double AssumedShareOfServer = 0.25;
    private const double AssumedShareOfRound = 0.1;
    private const double AssumedWeight = 1;

    private readonly Lock _lock = new();
    private double _count;
    private double _rows;
    private double _rowsSquared;
    private double _time;
    private double _serverTime;
    private double _rowsByTime;

    /// <summary>Takes a round in; one that was held up counts as no more than a few ordinary ones.</summary>
    /// <param name="rows">Rows that were sent.</param>
    /// <param name="roundTrip">From the request to the answer.</param>
    /// <param name="server">What of it the server says it took; zero where it does not say.</param>
    public void Add(int rows, TimeSpan roundTrip, TimeSpan server)
    {
        lock (_lock)
        {
            var time = roundTrip.TotalMilliseconds;
            time = _count > 0 ? Math.Min(time, LongestOfMean * _time / _count) : time;
            _count = (_count * Decay) + 1;
            _rows = (_rows * Decay) + rows;
            _rowsSquared = (_rowsSquared * Decay) + ((double)rows * rows);
            _time = (_time * Decay) + time;
            _serverTime = (_serverTime * Decay) + Math.Min(server.TotalMilliseconds, time);
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
                return (1, AssumedShareOfServer);
            }

            var (rows, time, server) = (_rows / _count, _time / _count, _serverTime / _count);
            var variance = Math.Max((_rowsSquared / _count) - (rows * rows), 0);
            var covariance = (_rowsByTime / _count) - (rows * time);
            var assumed = server > 0
                ? Share(AssumedShareOfServer, server, rows)
                : Share(AssumedShareOfRound, time, rows);
            var slope = Math.Clamp(
                (covariance + (assumed * AssumedWeight)) / (variance + AssumedWeight), 0, time / rows);
            return (Math.Max(time - (slope * (rows - 1)), 1e-3), slope);
        }
    }

    /// <summary>A share of what one row takes, where the mean is that of several.</summary>
    private static double Share(double share, double time, double rows) => share * time / (1 + (share * (rows - 1)));
}
