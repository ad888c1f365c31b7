namespace Stip.Api.Engine.Scheduling;

/// <summary>One turn of a model's loop: admits what came, runs one batch, answers. Its caller holds the loop.</summary>
internal sealed class LoopTurn(
    SessionTable sessions, BatchRunner runner, StepScheduler<StepTicket> scheduler, TimeProvider clock)
{
    private readonly Neighbours _neighbours = new();
    private readonly StepDoor _door = new(sessions);
    private readonly List<StepTicket> _batch = [];
    private readonly List<StepTicket> _ready = [];
    private volatile int _running;
    private long _lastRanAt;

    /// <summary>Steps that have begun and are not answered. For any thread.</summary>
    public int Running => _running;

    /// <summary>Timestamp of the end of the last run; 0 before the first. For any thread.</summary>
    public long LastRanAt => Interlocked.Read(ref _lastRanAt);

    /// <summary>Queues a step; false where it was answered at once.</summary>
    public bool Admit(StepTicket ticket)
    {
        try
        {
            if (ticket.IsCancelled)
            {
                ticket.Cancel();
                return false;
            }

            if (_door.Admit(ticket) is { } refusal)
            {
                ticket.Finish(refusal);
                return false;
            }

            scheduler.Add(ticket);
            return true;
        }
#pragma warning disable CA1031 // A bug belongs to the one who asked, not to the loop.
        catch (Exception e)
#pragma warning restore CA1031
        {
            ticket.Fail(e);
            return false;
        }
    }

    /// <summary>Runs the next batch.</summary>
    /// <param name="begin">Called with the owner of each step that waits no longer.</param>
    /// <returns>Sessions whose single rows ran, null where a chunk or nothing did.</returns>
    public int? Run(Action<string> begin)
    {
        scheduler.Next(_batch);
        if (_batch.Count == 0)
        {
            return null;
        }

        var isChunk = _batch[0].IsLong;
        var begun = 0;
        _ready.Clear();
        foreach (var ticket in _batch)
        {
            if (!ticket.HasBegun)
            {
                begin(ticket.Owner);
                begun++;
            }

            if (IsStillWanted(ticket))
            {
                _ready.Add(ticket);
            }
        }

        _running += begun - (_batch.Count - _ready.Count);
        if (_ready.Count > 0 && TryRun(isChunk))
        {
            foreach (var ticket in _ready)
            {
                Answer(ticket);
            }
        }
        else
        {
            _running -= _ready.Count;
        }

        return isChunk ? null : _batch.Count;
    }

    private bool TryRun(bool isChunk)
    {
        var start = clock.GetTimestamp();
        try
        {
            if (isChunk)
            {
                runner.RunChunk(_ready[0], _neighbours.AreBeside(_ready[0].Session));
            }
            else
            {
                runner.RunRows(_ready);
                _neighbours.Ran(_ready);
            }

            var end = clock.GetTimestamp();
            Interlocked.Exchange(ref _lastRanAt, end);
            foreach (var ticket in _ready)
            {
                Time(ticket, start, end);
            }

            return true;
        }
#pragma warning disable CA1031 // A bug or a lost device belongs to those who asked, not to the loop.
        catch (Exception e)
#pragma warning restore CA1031
        {
            foreach (var ticket in _ready)
            {
                GiveUp(ticket);
                ticket.Fail(e);
            }

            return false;
        }
    }

    private void Time(StepTicket ticket, long start, long end)
    {
        var (before, session) = (ticket.Times, ticket.Session);
        ticket.Times = new StepTimes(
            before.Run == TimeSpan.Zero ? clock.GetElapsedTime(ticket.ArrivedAt, start) : before.Queue,
            before.Run + clock.GetElapsedTime(start, end),
            before.Copy + runner.Copied,
            session.AnsweredAt is { } answeredAt ? clock.GetElapsedTime(answeredAt, end) : null);
        if (ticket.RowsLeft == 0)
        {
            session.AnsweredAt = end;
        }
    }

    private void GiveUp(StepTicket ticket)
    {
        try
        {
            _door.GiveUp(ticket);
        }
#pragma warning disable CA1031 // A slot that a lost device cannot zero stays held: nobody gets it.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private void Answer(StepTicket ticket)
    {
        if (ticket.RowsLeft > 0)
        {
            if (ticket.RowsDone == 0)
            {
                scheduler.AddNext(ticket);
            }
            else
            {
                scheduler.AddAgain(ticket);
            }

            return;
        }

        _running--;
        try
        {
            // Whoever has gone while a session was opened could never name it.
            if (ticket.IsCancelled && ticket.Declaration.SessionId is null)
            {
                GiveUp(ticket);
                ticket.Cancel();
                return;
            }

            _door.Finish(ticket);
        }
#pragma warning disable CA1031 // As above.
        catch (Exception e)
#pragma warning restore CA1031
        {
            ticket.Fail(e);
        }
    }

    private bool IsStillWanted(StepTicket ticket)
    {
        if (ticket.Session.IsReleased)
        {
            ticket.Finish(SessionTable.Lost);
            return false;
        }

        if (ticket.IsCancelled)
        {
            GiveUp(ticket);
            ticket.Cancel();
            return false;
        }

        return true;
    }
}
