using Stip.Client.Transport;

namespace Stip.Client.Generation;

/// <summary>Adds up what the requests of a session cost.</summary>
internal sealed class SessionFigures
{
    private SessionUsage _sum;

    public SessionUsage Snapshot() => _sum;

    public void CountReplay() => _sum = _sum with { Replays = _sum.Replays + 1 };

    public void Count(ExchangeFigures exchange) => _sum = _sum with
    {
        Rounds = _sum.Rounds + 1,
        BytesSent = _sum.BytesSent + exchange.BytesSent,
        BytesReceived = _sum.BytesReceived + exchange.BytesReceived,
        RoundTrip = _sum.RoundTrip + exchange.RoundTrip,
        Server = _sum.Server + (exchange.Server ?? TimeSpan.Zero),
    };
}
