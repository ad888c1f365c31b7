using Microsoft.Extensions.Options;
using Stip.Protocol.Errors;

namespace Stip.Api.Engine.Loading;

/// <summary>Something that is loaded at its first use, and again after it made room for others.</summary>
/// <param name="model">The model it belongs to.</param>
/// <param name="bytes">About what it takes in memory.</param>
/// <param name="load">Loads it, in a thread of the pool, or gives up between two parts of that.</param>
/// <param name="isIdle">False while something of it runs or waits.</param>
/// <param name="lastRanAt">Timestamp of the last time that something of it ended; 0 before the first.</param>
/// <param name="graphs">Who else is in memory.</param>
/// <param name="options">How long a caller waits for a load.</param>
/// <param name="clock">Tells when it was used.</param>
/// <param name="taken">Told of what is loaded and used from here on; not of what comes after the end.</param>
internal sealed class LoadedOnUse<T>(
    string model,
    long bytes,
    Func<CancellationToken, T> load,
    Func<T, bool> isIdle,
    Func<T, long> lastRanAt,
    LoadedGraphs graphs,
    IOptions<EngineOptions> options,
    TimeProvider clock,
    Action<T>? taken = null) : ILoadable, IAsyncDisposable
    where T : class, IAsyncDisposable
{
    // What cannot be given up may take minutes: whoever disposes of it does not wait for that.
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _changing = new();
    private volatile T? _current;
    private Task<Outcome<T>>? _loading;
    private bool _loadMakesRoom;
    private Task _unloading = Task.CompletedTask;
    private long _lastUsedAt;
    private volatile bool _isDisposed;

    public string Model => model;

    public long Bytes => bytes;

    // What runs for long is used until it ends, and not only when it comes.
    public long LastUsedAt =>
        Math.Max(Interlocked.Read(ref _lastUsedAt), _current is { } current ? lastRanAt(current) : 0);

    public bool IsIdle => _current is { } current && isIdle(current);

    /// <summary>True between the first request for it and its being there.</summary>
    public bool IsLoading => _loading is { IsCompleted: false };

    /// <summary>What is loaded, or null.</summary>
    public T? Current
    {
        get
        {
            Interlocked.Exchange(ref _lastUsedAt, clock.GetTimestamp());
            return _current;
        }
    }

    /// <summary>The same as <see cref="Current"/>, but that is no use of it.</summary>
    public T? Peek => _current;

    /// <summary>Loads it where it is not loaded; a refusal where that takes longer than a caller may wait. It is loaded
    /// all the same, for those who come later.</summary>
    /// <exception cref="GraphRefusedException">It cannot be loaded.</exception>
    public ValueTask<Outcome<T>> GetAsync(CancellationToken cancellation) =>
        GetAsync(TimeSpan.FromSeconds(options.Value.LoadWaitSeconds), makesRoom: true, cancellation);

    /// <summary>Loads it where it is not loaded and there is room, however long that takes; the refusal where others
    /// have the room.</summary>
    /// <exception cref="GraphRefusedException">It cannot be loaded.</exception>
    public async Task<Refusal?> LoadAsync() =>
        (await GetAsync(Timeout.InfiniteTimeSpan, makesRoom: false, CancellationToken.None)).Refusal;

    // A load that was to take nothing of others may be refused: whoever joined it then has one that may.
    private async ValueTask<Outcome<T>> GetAsync(
        TimeSpan patience, bool makesRoom, CancellationToken cancellation)
    {
        while (true)
        {
            if (Current is { } current)
            {
                return current;
            }

            if (Join(makesRoom) is not var (loading, hasMadeRoom))
            {
                return DecoderHost.Gone;
            }

            try
            {
                var outcome = await loading.WaitAsync(patience, clock, cancellation);
                if (outcome.Refusal is null || hasMadeRoom || !makesRoom)
                {
                    return outcome;
                }
            }
            catch (TimeoutException)
            {
                return new Refusal(
                    StipErrorCode.ServerOverloaded, $"model '{model}' is being loaded", "model",
                    TimeSpan.FromSeconds(5));
            }
        }
    }

    // The load that runs, or one of its own; null at the end.
    private (Task<Outcome<T>> Loading, bool MakesRoom)? Join(bool makesRoom)
    {
        lock (_changing)
        {
            if (_isDisposed)
            {
                return null;
            }

            if (_loading is null or { IsCompleted: true } && _current is null)
            {
                var (unloaded, ended) = (_unloading, _ending.Token);
                _loadMakesRoom = makesRoom;
                _loading = Task.Run(() => LoadAsync(unloaded, makesRoom, ended), CancellationToken.None);
            }

            return (_loading!, _loadMakesRoom);
        }
    }

    public Task UnloadAsync()
    {
        lock (_changing)
        {
            if (_current is { } current)
            {
                _current = null;
                _unloading = EndAsync(current);
            }

            return _unloading;
        }
    }

    /// <summary>Ends it, and its load. A load that goes on for long is not waited for; it ends what it has loaded.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Task? loading;
        lock (_changing)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            loading = _loading;
        }

        await _ending.CancelAsync();
        if (loading is not null)
        {
            await Task.WhenAny(loading, Task.Delay(EndPatience, clock));
        }

        await UnloadAsync();
        _ending.Dispose();
    }

    private async Task<Outcome<T>> LoadAsync(Task unloaded, bool makesRoom, CancellationToken ended)
    {
        await unloaded;
        try
        {
            if (await graphs.AdmitAsync(this, makesRoom, ended) is { } refusal)
            {
                return refusal;
            }

            ended.ThrowIfCancellationRequested();
            var loaded = load(ended);
            if (TryTake(loaded))
            {
                return loaded;
            }

            await loaded.DisposeAsync();
        }
        catch (Exception) when (ended.IsCancellationRequested)
        {
            // Its files may be gone as well.
        }
        catch
        {
            graphs.Remove(this);
            throw;
        }

        graphs.Remove(this);
        return DecoderHost.Gone;
    }

    private bool TryTake(T loaded)
    {
        lock (_changing)
        {
            if (_isDisposed)
            {
                return false;
            }

            Interlocked.Exchange(ref _lastUsedAt, clock.GetTimestamp());
            _current = loaded;
            taken?.Invoke(loaded);
            return true;
        }
    }

    private async Task EndAsync(T current)
    {
        await current.DisposeAsync();
        graphs.Remove(this);
    }
}
