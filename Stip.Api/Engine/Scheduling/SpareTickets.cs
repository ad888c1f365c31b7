using System.Collections.Concurrent;

namespace Stip.Api.Engine.Scheduling;

/// <summary>Tickets whose answers are done with, for the next steps.</summary>
internal sealed class SpareTickets(EngineMetrics metrics, int mostKept, bool reducesRows)
{
    private readonly ConcurrentQueue<StepTicket> _tickets = new();

    public StepTicket Take() =>
        _tickets.TryDequeue(out var spare) ? spare : new StepTicket(metrics, reducesRows, PutBack);

    private void PutBack(StepTicket ticket)
    {
        if (_tickets.Count < mostKept)
        {
            _tickets.Enqueue(ticket);
        }
    }
}
