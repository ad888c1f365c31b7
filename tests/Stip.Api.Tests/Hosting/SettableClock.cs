using Microsoft.Extensions.Time.Testing;

namespace Stip.Api.Tests.Hosting;

/// <summary>A clock that stands, is advanced, and is set as operators and time servers do: what it says the time is
/// jumps, and how much of it has passed does not.</summary>
internal sealed class SettableClock(DateTimeOffset start) : FakeTimeProvider(start)
{
    private TimeSpan _shift;

    public void Set(TimeSpan forward) => _shift += forward;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _shift;

    // The base class counts by what this says the time is.
    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}
