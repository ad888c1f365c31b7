using Microsoft.Extensions.Options;
using Stip.Api.Engine.Caches;
using Stip.Api.Engine.Scheduling;
using Stip.Protocol.Errors;

namespace Stip.Api.Engine;

/// <summary>A decoder that is loaded at its first use and then kept, with its loop.</summary>
internal sealed class DecoderHost(
    DecoderSnapshot snapshot,
    IGraphRuntime runtime,
    CacheBudget budget,
    IOptions<EngineOptions> options,
    EngineMetrics metrics,
    TimeProvider clock) : IAsyncDisposable
{
    private readonly Lock _loading = new();
    private Task<ModelLoop>? _loop;
    private volatile bool _isDisposed;

    /// <summary>What a caller gets that comes while the model goes: it replays against the new one.</summary>
    public static Refusal Gone { get; } =
        new(StipErrorCode.SessionLost, "the model was replaced or removed; send the rows again", "session_id");

    public static Refusal Busy { get; } = new(
        StipErrorCode.SessionBusy, "a step of this session is still running", "session_id", TimeSpan.FromSeconds(1));

    public DecoderSnapshot Snapshot => snapshot;

    public bool IsLoaded => _loop is { IsCompletedSuccessfully: true };

    public Task LoadAsync() => LoopAsync();

    /// <summary>Runs a step. Its answer is to be awaited once, and disposed of.</summary>
    public ValueTask<Outcome<StepAnswer>> StepAsync(string owner, ValidStep step, CancellationToken cancellation)
    {
        if (_isDisposed)
        {
            return ValueTask.FromResult<Outcome<StepAnswer>>(Gone);
        }

        return _loop is { IsCompletedSuccessfully: true } loaded
            ? loaded.Result.StepAsync(owner, step, cancellation)
            : LoadAndStepAsync(owner, step, cancellation);
    }

    /// <summary>Opens an empty session.</summary>
    public async Task<Outcome<SessionSnapshot>> OpenAsync(
        string owner, int maxLength, CancellationToken cancellation) =>
        await (await LoopAsync()).AskAsync<SessionSnapshot>(
            sessions => sessions.Open(owner, maxLength).Is(out var session, out var refusal)
                ? SessionSnapshot.Of(session)
                : refusal,
            cancellation);

    /// <summary>Opens a session that begins as the first tokens of another one.</summary>
    /// <param name="owner">Of both.</param>
    /// <param name="sessionId">The one to share.</param>
    /// <param name="position">Tokens to share; null for all.</param>
    /// <param name="maxLength">Null for that of the other one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<Outcome<SessionSnapshot>> ForkAsync(
        string owner, string sessionId, int? position, int? maxLength, CancellationToken cancellation)
    {
        if (_loop is not { } loading)
        {
            return SessionTable.Lost;
        }

        return await (await loading).AskAsync(
            sessions => Fork(sessions, owner, sessionId, position, maxLength), cancellation);
    }

    /// <summary>The sessions of an owner; none where the model was never used.</summary>
    public async Task<IReadOnlyList<SessionSnapshot>> SessionsOfAsync(string owner, CancellationToken cancellation)
    {
        if (_loop is not { } loading)
        {
            return [];
        }

        var answer = await (await loading).AskAsync(
            sessions => Outcome<IReadOnlyList<SessionSnapshot>>.Of(sessions.Of(owner)), cancellation);
        return answer.Is(out var found, out _) ? found : [];
    }

    /// <summary>Releases a session of this owner and zeroes its cache; false where there is none.</summary>
    public async Task<bool> ReleaseAsync(string owner, string sessionId, CancellationToken cancellation)
    {
        if (_loop is not { } loading)
        {
            return false;
        }

        var answer = await (await loading).AskAsync<bool>(
            sessions =>
            {
                if (!sessions.Find(owner, sessionId).Is(out var session, out var refusal))
                {
                    return refusal;
                }

                sessions.Release(session);
                return true;
            },
            cancellation);
        return answer.Refusal is null;
    }

    /// <summary>Asks something of the sessions, on the loop.</summary>
    public async Task<Outcome<T>> AskAsync<T>(
        Func<SessionTable, Outcome<T>> ask, CancellationToken cancellation) =>
        await (await LoopAsync()).AskAsync(ask, cancellation);

    public async Task ExpireAsync()
    {
        if (_loop is { IsCompletedSuccessfully: true } loaded)
        {
            await (await loaded).AskAsync<bool>(
                sessions =>
                {
                    sessions.Expire(clock.GetUtcNow());
                    return true;
                },
                CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task<ModelLoop>? loading;
        lock (_loading)
        {
            _isDisposed = true;
            loading = _loop;
        }

        if (loading is not null)
        {
            await ((Task)loading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await (loading.IsCompletedSuccessfully ? loading.Result.DisposeAsync() : default);
        }
    }

    private async ValueTask<Outcome<StepAnswer>> LoadAndStepAsync(
        string owner, ValidStep step, CancellationToken cancellation) =>
        await (await LoopAsync()).StepAsync(owner, step, cancellation);

    private static Outcome<SessionSnapshot> Fork(
        SessionTable sessions, string owner, string sessionId, int? position, int? maxLength)
    {
        var entered = sessions.Peek(owner, sessionId);
        if (entered?.TryEnter() == false)
        {
            return Busy;
        }

        try
        {
            return sessions.Fork(owner, sessionId, position, maxLength).Is(out var fork, out var refusal)
                ? SessionSnapshot.Of(fork)
                : refusal;
        }
        finally
        {
            entered?.Leave();
        }
    }

    private Task<ModelLoop> LoopAsync()
    {
        if (_loop is { IsCompletedSuccessfully: true } loaded)
        {
            return loaded;
        }

        lock (_loading)
        {
            if (_isDisposed)
            {
                throw new GraphRefusedException($"model '{snapshot.Model}' was replaced or removed");
            }

            return _loop is null or { IsFaulted: true } ? _loop = Task.Run(Load) : _loop;
        }
    }

    private ModelLoop Load()
    {
        var engine = options.Value;
        var decoder = runtime.LoadDecoder(snapshot);
        var pool = new SlotPool(decoder, snapshot, budget, engine.Slots);
        var sessions = new SessionTable(pool, clock, TimeSpan.FromSeconds(engine.LeaseSeconds));
        var loop = new ModelLoop(decoder, sessions, snapshot, engine, metrics, clock);
        metrics.Watch(snapshot.Model, loop);
        return loop;
    }
}
