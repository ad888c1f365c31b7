using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace Stip.Client.Tests.Transport;

/// <summary>A clock on which whoever waits has waited at once. Limits of a whole attempt do not pass.</summary>
internal sealed class PassingClock : FakeTimeProvider
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <summary>What was waited for, in order.</summary>
    public ConcurrentQueue<TimeSpan> Waits { get; } = new();

    /// <summary>All of it, in seconds.</summary>
    public double Seconds => Waits.Sum(wait => wait.TotalSeconds);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime > TimeSpan.Zero && dueTime <= LongestWait)
        {
            Waits.Enqueue(dueTime);
            _ = Task.Run(() => Advance(dueTime));
        }

        return timer;
    }
}
