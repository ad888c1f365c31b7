using Stip.Api.Engine.Caches;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Scheduling;

/// <summary>Runs what the scheduler chose: the one place that hands tensors to the decoder.</summary>
internal sealed class BatchRunner(IDecoder decoder, DecoderSnapshot snapshot, PrefillChunk chunk)
{
    private readonly int _rowBytes = snapshot.HiddenSize * snapshot.RowsDtype.ByteSize();
    private readonly SlotCompaction _compaction = new();
    private readonly List<(int First, int Count)> _segments = [];
    private readonly List<SessionState> _sessions = [];
    private readonly List<int> _slots = [];
    private readonly List<SlotArena> _arenas = [];
    private readonly Dictionary<SessionState, StepTicket> _bySession = [];
    private byte[] _rows = [];
    private Memory<byte>[] _targets = [];
    private TopRow[] _tops = [];
    private int[] _lengths = [];
    private long[] _wanted = [];

    /// <summary>What the last chunk or rows took for copying in and out of the decoder.</summary>
    public TimeSpan Copied { get; private set; }

    /// <summary>Runs the next chunk of a step, or the encoder where it brings a source: single rows of others run
    /// between the two. Chunks begin and end at the same rows whatever else the server does.</summary>
    /// <param name="ticket">The step.</param>
    /// <param name="areBeside">Whether others decode: where it changes no bit, a piece of the chunk is run.</param>
    public void RunChunk(StepTicket ticket, bool areBeside = false)
    {
        var (declaration, session) = (ticket.Declaration, ticket.Session);
        var first = ticket.RowsDone;
        var position = declaration.Position + first;
        if (ticket is { HasRead: false, Step.Source: { IsEmpty: false } source })
        {
            session.CachedTokens = position;
            Copied = TimeSpan.Zero;
            decoder.Read(new SlotRange(session.Arena.Cache, session.Slot, 1), source);
            ticket.HasRead = true;
            return;
        }

        if (first == ticket.ChunkEnd)
        {
            ticket.ChunkEnd += Math.Min(chunk.RowsAt(position), ticket.RowsLeft);
        }

        var count = ticket.ChunkEnd - first;
        count = areBeside ? chunk.RowsBeside(count) : count;
        // A rewind is free. Rows that nobody wants may be written at the length that counts, so it is kept true.
        session.CachedTokens = position;
        session.ReachedTokens = position + count;
        session.TouchedTokens = Math.Max(session.TouchedTokens, position + count);
        var wanted = declaration.AllRows ? count : 1;
        Grow(1, wanted);
        for (var i = 0; i < wanted; i++)
        {
            _wanted[i] = count - wanted + i;
        }

        // Of a step that wants its last row only, each chunk leaves one and the last chunk's stays.
        var logits = declaration.AllRows
            ? ticket.Logits.Span.Slice(first * ticket.RowBytes, count * ticket.RowBytes)
            : ticket.Logits.Span;
        decoder.Run(
            new SlotRange(session.Arena.Cache, session.Slot, 1), [position],
            ticket.Step.Rows.Slice(first * _rowBytes, count * _rowBytes), _wanted.AsSpan(0, wanted),
            new LogitsTarget(logits, ticket.Top));
        Copied = decoder.Copied;
        ticket.RowsDone += count;
        session.CachedTokens = position + count;
    }

    /// <summary>Runs one row of each of several sessions.</summary>
    public void RunRows(List<StepTicket> tickets)
    {
        if (tickets.Count == 1)
        {
            RunChunk(tickets[0]);
            return;
        }

        Copied = TimeSpan.Zero;
        _bySession.Clear();
        _arenas.Clear();
        foreach (var ticket in tickets)
        {
            _bySession.Add(ticket.Session, ticket);
            ticket.Session.CachedTokens = ticket.Declaration.Position;
            if (!_arenas.Contains(ticket.Session.Arena))
            {
                _arenas.Add(ticket.Session.Arena);
            }
        }

        foreach (var arena in _arenas)
        {
            RunArena(arena);
        }
    }

    private void RunArena(SlotArena arena)
    {
        _sessions.Clear();
        foreach (var (session, _) in _bySession)
        {
            if (session.Arena == arena)
            {
                _sessions.Add(session);
            }
        }

        _sessions.Sort(static (a, b) => a.Slot.CompareTo(b.Slot));
        if (decoder.LeavesOutIdle)
        {
            RunSegment(arena, _sessions[0].Slot, _sessions[^1].Slot - _sessions[0].Slot + 1);
            return;
        }

        _compaction.Tidy(arena, _sessions);
        SlotSegments.Cut(arena, _sessions, _slots, _segments);
        foreach (var (first, count) in _segments)
        {
            RunSegment(arena, first, count);
        }
    }

    private void RunSegment(SlotArena arena, int first, int count)
    {
        Grow(count, count);
        var wanted = 0;
        for (var i = 0; i < count; i++)
        {
            var session = arena.Holder(first + i);
            _lengths[i] = session?.CachedTokens ?? 0;
            var row = _rows.AsSpan(i * _rowBytes, _rowBytes);
            if (session is not null && _bySession.TryGetValue(session, out var ticket))
            {
                ticket.Step.Rows.CopyTo(row);
                session.ReachedTokens = _lengths[i] + 1;
                (_targets[wanted], _tops[wanted]) = (ticket.Logits, ticket.Top);
                _wanted[wanted++] = i;
            }
            else if (decoder.LeavesOutIdle)
            {
                continue;
            }
            else
            {
                // A row of nobody is written behind the tokens that count, where the next real one replaces it.
                row.Clear();
            }

            if (session is not null)
            {
                session.TouchedTokens = Math.Max(session.TouchedTokens, _lengths[i] + 1);
            }
        }

        decoder.Run(
            new SlotRange(arena.Cache, first, count), _lengths.AsSpan(0, count), _rows.AsSpan(0, count * _rowBytes),
            _wanted.AsSpan(0, wanted), new LogitsTarget(_targets.AsSpan(0, wanted), _tops.AsSpan(0, wanted)));
        Copied += decoder.Copied;
        for (var i = 0; i < wanted; i++)
        {
            _bySession[arena.Holder(first + (int)_wanted[i])!].RowsDone = 1;
        }
    }

    private void Grow(int slots, int wanted)
    {
        if (_lengths.Length < slots)
        {
            (_lengths, _rows) = (new int[slots], new byte[slots * _rowBytes]);
            (_targets, _tops) = (new Memory<byte>[slots], new TopRow[slots]);
        }

        if (_wanted.Length < Math.Max(slots, wanted))
        {
            _wanted = new long[Math.Max(slots, wanted)];
        }
    }
}
