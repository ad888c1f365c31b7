using Microsoft.Extensions.Options;
using Stip.Api.Engine.Caches;
using Stip.Api.Engine.Loading;
using Stip.Api.Engine.Scheduling;
using Stip.Protocol.Errors;

namespace Stip.Api.Engine;

/// <summary>A decoder that is loaded while it is used, with its loop.</summary>
internal sealed class DecoderHost : IAsyncDisposable
{
    private readonly LoadedOnUse<ModelLoop> _loop;
    private readonly IGraphRuntime _runtime;
    private readonly CacheBudget _budget;
    private readonly EngineOptions _options;
    private readonly EngineMetrics _metrics;
    private readonly Func<string, RowsBeside> _rowsOf;
    private readonly TimeProvider _clock;
    private volatile bool _isDisposed;

    /// <param name="snapshot">What it is.</param>
    /// <param name="runtime">Loads it.</param>
    /// <param name="rowsOf">How a row's result depends on those beside it; asked when it is loaded.</param>
    /// <param name="budget">Slots and bytes of every decoder's sessions.</param>
    /// <param name="graphs">Who else is in memory.</param>
    /// <param name="options">Lengths, batch and patience.</param>
    /// <param name="metrics">Counts its steps.</param>
    /// <param name="clock">Tells when it was used.</param>
    public DecoderHost(
        DecoderSnapshot snapshot,
        IGraphRuntime runtime,
        Func<string, RowsBeside> rowsOf,
        CacheBudget budget,
        LoadedGraphs graphs,
        IOptions<EngineOptions> options,
        EngineMetrics metrics,
        TimeProvider clock)
    {
        (Snapshot, _runtime, _rowsOf, _budget) = (snapshot, runtime, rowsOf, budget);
        (_options, _metrics, _clock) = (options.Value, metrics, clock);
        _loop = new LoadedOnUse<ModelLoop>(
            snapshot.Model, snapshot.GraphBytes, Load, loop => loop.IsIdle, loop => loop.LastRanAt, graphs, options,
            clock, loop => metrics.Watch(snapshot.Model, loop));
    }

    /// <summary>What a caller gets that comes while the model goes: it replays against the new one.</summary>
    public static Refusal Gone { get; } = new(
        StipErrorCode.SessionLost, "the model was unloaded, replaced or removed; send the rows again", "session_id");

    public static Refusal Busy { get; } = new(
        StipErrorCode.SessionBusy, "a step of this session is still running", "session_id", TimeSpan.FromSeconds(1));

    public DecoderSnapshot Snapshot { get; }

    public bool IsLoaded => _loop.Peek is not null;

    public bool IsLoading => _loop.IsLoading;

    public int SessionCount => _loop.Peek?.Sessions ?? 0;

    /// <summary>Loads it, however long that takes; the refusal where others have the room.</summary>
    public Task<Refusal?> LoadAsync() => _loop.LoadAsync();

    /// <summary>True where this owner has such a session here.</summary>
    public bool Holds(string owner, string sessionId) => _loop.Peek?.Holds(owner, sessionId) ?? false;

    /// <summary>Runs a step. Its answer is to be awaited once, and disposed of.</summary>
    public ValueTask<Outcome<StepAnswer>> StepAsync(string owner, ValidStep step, CancellationToken cancellation)
    {
        if (_isDisposed)
        {
            return ValueTask.FromResult<Outcome<StepAnswer>>(Gone);
        }

        return _loop.Current is not { } loaded ? LoadAndStepAsync(owner, step, cancellation)
            : step.Declaration is { SessionId: not null, Source: null } ? loaded.StepAsync(owner, step, cancellation)
            : StepWithRoomAsync(loaded, owner, step, cancellation);
    }

    /// <summary>Opens an empty session.</summary>
    public Task<Outcome<SessionSnapshot>> OpenAsync(string owner, int maxLength, CancellationToken cancellation) =>
        WithRoomAsync(
            () => AskAsync<SessionSnapshot>(
                sessions => sessions.Open(owner, maxLength).Is(out var session, out var refusal)
                    ? Wanted(sessions, session, cancellation)
                    : refusal,
                cancellation),
            cancellation);

    /// <summary>Opens a session that begins as the first tokens of another one.</summary>
    /// <param name="owner">Of both.</param>
    /// <param name="sessionId">The one to share.</param>
    /// <param name="position">Tokens to share; null for all.</param>
    /// <param name="maxLength">Null for that of the other one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<Outcome<SessionSnapshot>> ForkAsync(
        string owner, string sessionId, int? position, int? maxLength, CancellationToken cancellation) =>
        _loop.Current is { } loop
            ? await WithRoomAsync(
                () => loop.AskAsync(
                    sessions => Fork(sessions, owner, sessionId, position, maxLength, cancellation), cancellation),
                cancellation)
            : SessionTable.Lost;

    /// <summary>The sessions of an owner; none where the model is not loaded.</summary>
    public async Task<IReadOnlyList<SessionSnapshot>> SessionsOfAsync(string owner, CancellationToken cancellation)
    {
        if (_loop.Peek is not { } loop)
        {
            return [];
        }

        var answer = await loop.AskAsync(
            sessions => Outcome<IReadOnlyList<SessionSnapshot>>.Of(sessions.Of(owner)), cancellation);
        return answer.Is(out var found, out _) ? found : [];
    }

    /// <summary>Releases a session of this owner and zeroes its cache; false where there is none.</summary>
    public async Task<bool> ReleaseAsync(string owner, string sessionId, CancellationToken cancellation)
    {
        if (_loop.Peek is not { } loop)
        {
            return false;
        }

        var answer = await loop.AskAsync<bool>(
            sessions =>
            {
                sessions.Expire();
                if (sessions.Peek(owner, sessionId) is not { } session)
                {
                    return SessionTable.Lost;
                }

                sessions.Release(session);
                return true;
            },
            cancellation);
        return answer.Refusal is null;
    }

    /// <summary>Asks something of the sessions, on the loop.</summary>
    public async Task<Outcome<T>> AskAsync<T>(Func<SessionTable, Outcome<T>> ask, CancellationToken cancellation) =>
        (await _loop.GetAsync(cancellation)).Is(out var loop, out var refusal)
            ? await loop.AskAsync(ask, cancellation)
            : refusal;

    public async Task ExpireAsync()
    {
        if (_loop.Peek is { } loop)
        {
            await loop.AskAsync<bool>(
                sessions =>
                {
                    sessions.Expire();
                    return true;
                },
                CancellationToken.None);
        }
    }

    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        return _loop.DisposeAsync();
    }

    private static Outcome<SessionSnapshot> Fork(
        SessionTable sessions,
        string owner,
        string sessionId,
        int? position,
        int? maxLength,
        CancellationToken cancellation)
    {
        var entered = sessions.Peek(owner, sessionId);
        if (entered?.TryEnter() == false)
        {
            return Busy;
        }

        try
        {
            return sessions.Fork(owner, sessionId, position, maxLength).Is(out var fork, out var refusal)
                ? Wanted(sessions, fork, cancellation)
                : refusal;
        }
        finally
        {
            entered?.Leave();
        }
    }

    // Whoever has gone while it was made could never name it.
    private static SessionSnapshot Wanted(
        SessionTable sessions, SessionState session, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            sessions.Release(session);
            cancellation.ThrowIfCancellationRequested();
        }

        return sessions.Show(session);
    }

    private async ValueTask<Outcome<StepAnswer>> LoadAndStepAsync(
        string owner, ValidStep step, CancellationToken cancellation) =>
        (await _loop.GetAsync(cancellation)).Is(out var loop, out var refusal)
            ? await StepWithRoomAsync(loop, owner, step, cancellation)
            : refusal;

    private async ValueTask<Outcome<StepAnswer>> StepWithRoomAsync(
        ModelLoop loop, string owner, ValidStep step, CancellationToken cancellation)
    {
        var outcome = await loop.StepAsync(owner, step, cancellation);
        return await IsRoomMadeAsync(outcome.Refusal, cancellation)
            ? await loop.StepAsync(owner, step, cancellation)
            : outcome;
    }

    private async Task<Outcome<T>> WithRoomAsync<T>(Func<Task<Outcome<T>>> open, CancellationToken cancellation)
    {
        var outcome = await open();
        return await IsRoomMadeAsync(outcome.Refusal, cancellation) ? await open() : outcome;
    }

    // What other models keep without a session is theirs until somebody needs it: then it is worth another try.
    private async ValueTask<bool> IsRoomMadeAsync(Refusal? refusal, CancellationToken cancellation) =>
        refusal is { LacksCache: true } && await _budget.TryFreeAsync(cancellation);

    private ModelLoop Load(CancellationToken cancellation)
    {
        _runtime.Require(cancellation);
        cancellation.ThrowIfCancellationRequested();
        var decoder = _runtime.LoadDecoder(Snapshot);
        if (cancellation.IsCancellationRequested)
        {
            // Another of this name may be served by now.
            decoder.Dispose();
            cancellation.ThrowIfCancellationRequested();
        }

        try
        {
            return LoopOf(decoder);
        }
        catch
        {
            decoder.Dispose();
            throw;
        }
    }

    private ModelLoop LoopOf(IDecoder decoder)
    {
        var pool = new SlotPool(decoder, Snapshot, _budget, _options.Slots);
        var sessions = new SessionTable(
            pool, _budget.Sessions, _clock, TimeSpan.FromSeconds(_options.LeaseSeconds), _options.YieldAfter);
        // Sessions whose rows would change one another's are run one by one. First steps after a source are anyway.
        var graph = Snapshot.Sequence?.NextStepsPath ?? Snapshot.GraphPath;
        var rows = _rowsOf(graph);
        var chunk = new PrefillChunk(
            _options.PrefillChunk, decoder.IsOnDevice, Snapshot.Sequence is not null,
            rows == RowsBeside.Apart && Snapshot.Cache is { Layout: CacheLayouts.Shared, BoundedWindows: var windows }
                && windows?.Any(window => window > 0) != true,
            decoder.TakesOneRow);
        var loop = new ModelLoop(
            decoder, sessions, Snapshot, _options, chunk, rows == RowsBeside.Mixed ? 1 : _options.MaxBatch, _metrics,
            _clock);
        _budget.Watch(pool, cancellation => loop.AskAsync<bool>(
            all =>
            {
                all.GiveBackUnused();
                return true;
            },
            cancellation));
        return loop;
    }
}
