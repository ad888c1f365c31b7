namespace Stip.Client.Speculation;

/// <summary>How often a kind of guess is right, the recent ones counting most.</summary>
internal sealed class HitRate(double assumed)
{
    private const double Decay = 0.97;
    private const double AssumedWeight = 2;
    private const double Least = 0.01;

    private readonly Lock _lock = new();
    private double _hits;
    private double _trials;

    public double Value
    {
        get
        {
            lock (_lock)
            {
                return Math.Clamp((_hits + (assumed * AssumedWeight)) / (_trials + AssumedWeight), Least, 1 - Least);
            }
        }
    }

    public void Add(bool isHit)
    {
        lock (_lock)
        {
            _hits = (_hits * Decay) + (isHit ? 1 : 0);
            _trials = (_trials * Decay) + 1;
        }
    }
}
