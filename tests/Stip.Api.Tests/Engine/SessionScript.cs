using System.Security.Cryptography;
using Stip.Api.Engine;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Engine;

/// <summary>What one user does, decided by a seed alone: opens, appends, rewinds, forks, cancels, deletes, and is away
/// until its lease is over. Sessions are short or, where the context has room, long: then they lie in arenas of two
/// classes, and forks go from one to the other. Everything that comes back is written down.</summary>
internal sealed class SessionScript(RealEngine engine, DecoderHost host, int seed, bool cancels = true)
{
    private const int ShortLength = 40;
    private const int LongLength = 200;
    private const long DayOfTimestamps = 86_400L * TimeSpan.TicksPerSecond; // of the tests' clock
    private readonly Random _random = new(seed);
    private readonly string _owner = $"user-{seed % 3}";
    private readonly List<string> _seen = [];
    private string? _session;
    private int _maxLength = ShortLength;
    private int _position;
    private int _rowSeed = seed;

    public async Task<IReadOnlyList<string>> RunAsync(int actions, CancellationToken cancellation)
    {
        for (var i = 0; i < actions; i++)
        {
            await ActAsync(cancellation);
        }

        return _seen;
    }

    private Task ActAsync(CancellationToken cancellation) => _random.Next(13) switch
    {
        0 => DeleteAsync(cancellation),
        1 => ForkAsync(cancellation),
        2 when cancels => CancelAsync(cancellation),
        3 => StepAsync(_position - _random.Next(Math.Min(_position, 5) + 1), _random.Next(1, 4), cancellation),
        4 => StepAsync(_position, _random.Next(2, 20), cancellation),
        6 => ExpireAsync(cancellation),
        // A cancelled step may have run: what is ahead for certain begins two later.
        5 => StepAsync(_position + 2 + _random.Next(3), 1, cancellation),
        _ => StepAsync(_position, 1, cancellation),
    };

    private async Task StepAsync(int position, int rows, CancellationToken cancellation)
    {
        var at = _session is null ? 0 : position;
        _maxLength = _session is null ? AnyLength() : _maxLength;
        using var step = engine.Step(_session, at, rows, _rowSeed, _random.Next(2) == 0, _maxLength);
        var outcome = await host.StepAsync(_owner, step, cancellation);
        if (!outcome.Is(out var answer, out var refusal))
        {
            _seen.Add($"{refusal.Code} at {at}+{rows}");
            if (refusal.Code == StipErrorCode.ContextLengthExceeded)
            {
                await DeleteAsync(cancellation);
            }

            Lose(refusal.Code);
            return;
        }

        using (answer)
        {
            (_session, _position) = (answer.SessionId, answer.Position);
            _seen.Add($"{answer.Position} {Convert.ToHexString(SHA256.HashData(answer.Logits.Span))}");
        }
    }

    // Whether it ran or not, the next step names the same position, so nothing of it can be seen.
    private async Task CancelAsync(CancellationToken cancellation)
    {
        if (_session is null || _position + 1 > _maxLength)
        {
            return;
        }

        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var step = engine.Step(_session, _position, 1, _rowSeed + 1000, false, _maxLength);
        var running = host.StepAsync(_owner, step, gone.Token).AsTask();
        await gone.CancelAsync();
        await running.ContinueWith(_ => { }, cancellation, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private async Task ForkAsync(CancellationToken cancellation)
    {
        if (_session is null)
        {
            return;
        }

        var shared = _random.Next(_position + 1);
        var length = AnyLength();
        _maxLength = length >= shared ? length : _maxLength;
        var forked = await host.ForkAsync(_owner, _session, shared, _maxLength, cancellation);
        if (!forked.Is(out var fork, out var refusal))
        {
            _seen.Add($"{refusal.Code} at {shared} of {_position}");
            Assert.Equal(StipErrorCode.SessionLost, refusal.Code);
            return;
        }

        await host.ReleaseAsync(_owner, _session, cancellation);
        (_session, _position) = (fork.Id, fork.CachedTokens);
        _seen.Add($"forked at {_position}");
    }

    private void Lose(StipErrorCode code)
    {
        if (code == StipErrorCode.SessionLost)
        {
            (_session, _position) = (null, 0);
            _rowSeed += 17;
        }
    }

    // What it comes back to is lost, and nobody else's is.
    private async Task ExpireAsync(CancellationToken cancellation)
    {
        if (_session is not { } session)
        {
            return;
        }

        var outcome = await host.AskAsync<bool>(
            sessions =>
            {
                sessions.Peek(_owner, session)!.RenewedAt -= DayOfTimestamps;
                sessions.Expire();
                return sessions.Peek(_owner, session) is null;
            },
            cancellation);
        Assert.True(outcome.Is(out var isGone, out _) && isGone);
        await StepAsync(_position, 1, cancellation);
        (_session, _position) = (null, 0);
        _rowSeed += 13;
    }

    private int AnyLength() =>
        engine.Snapshot.ContextLength >= LongLength && _random.Next(2) == 0 ? LongLength : ShortLength;

    private async Task DeleteAsync(CancellationToken cancellation)
    {
        if (_session is not null)
        {
            _seen.Add($"deleted {await host.ReleaseAsync(_owner, _session, cancellation)}");
            (_session, _position) = (null, 0);
            _rowSeed += 17;
        }
    }
}
