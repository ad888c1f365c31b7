namespace Stip.Client.Speculation;

/// <summary>A mean in which the recent values count most.</summary>
internal sealed class RunningMean(double assumed)
{
    private const double Weight = 0.1;

    private double _value = assumed;

    public double Value => Volatile.Read(ref _value);

    // A lost update of two at once is of no matter.
    public void Add(double value) => Volatile.Write(ref _value, Value + (Weight * (value - Value)));
}
