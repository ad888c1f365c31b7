using Microsoft.Extensions.Options;
using Stip.Protocol.Errors;

namespace Stip.Api.Engine.Loading;

/// <summary>The graphs in memory, within <see cref="EngineOptions.ModelMegabytes"/>: what was used least recently makes
/// room, never what runs.</summary>
internal sealed class LoadedGraphs(IOptions<EngineOptions> options, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly HashSet<ILoadable> _loaded = [];
    private readonly long _limitBytes = (long)options.Value.ModelMegabytes << 20;
    private long _usedBytes;
    private ILoadable? _awaited; // has begun to take the room of others, which is kept for it

    public int Count
    {
        get
        {
            lock (_loaded)
            {
                return _loaded.Count;
            }
        }
    }

    /// <summary>Makes room for a graph; a refusal where others are busy for longer than a load may wait.</summary>
    /// <param name="graph">Removed when it is in memory no longer.</param>
    /// <param name="makesRoom">False takes what is free and nothing of others.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<Refusal?> AdmitAsync(ILoadable graph, bool makesRoom, CancellationToken cancellation)
    {
        if (_limitBytes > 0 && graph.Bytes > _limitBytes)
        {
            // No wait helps.
            return NoRoom(graph, "that is more than there is") with { RetryAfter = null };
        }

        // What fits waits for nobody who does not, and takes nothing that was unloaded for another.
        if (TryAdd(graph))
        {
            return null;
        }

        if (!makesRoom)
        {
            return NoRoom(graph, "others have it");
        }

        await _changing.WaitAsync(cancellation);
        try
        {
            // What is busy ends in real time, whatever the clock of a test says.
            var start = TimeProvider.System.GetTimestamp();
            while (!TryAdd(graph))
            {
                if (TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromSeconds(options.Value.LoadWaitSeconds))
                {
                    return NoRoom(graph, "every other model is busy");
                }

                await (TakeLeastRecentlyUsed(graph)?.UnloadAsync() ?? Task.Delay(Pause, cancellation));
            }

            return null;
        }
        finally
        {
            lock (_loaded)
            {
                _awaited = null;
            }

            _changing.Release();
        }
    }

    /// <summary>Says that a graph is in memory no longer.</summary>
    public void Remove(ILoadable graph)
    {
        lock (_loaded)
        {
            _usedBytes -= _loaded.Remove(graph) ? graph.Bytes : 0;
        }
    }

    /// <summary>Unloads what nobody has used for <see cref="EngineOptions.UnloadSeconds"/>.</summary>
    public async Task UnloadIdleAsync()
    {
        if (options.Value.UnloadSeconds == 0)
        {
            return;
        }

        var patience = TimeSpan.FromSeconds(options.Value.UnloadSeconds);
        foreach (var graph in Idle().Where(graph => clock.GetElapsedTime(graph.LastUsedAt) >= patience))
        {
            await graph.UnloadAsync();
        }
    }

    public void Dispose() => _changing.Dispose();

    private bool TryAdd(ILoadable graph)
    {
        lock (_loaded)
        {
            var keptBytes = _awaited is { } awaited && awaited != graph ? awaited.Bytes : 0;
            if (_limitBytes > 0 && _usedBytes + keptBytes + graph.Bytes > _limitBytes)
            {
                return false;
            }

            _usedBytes += _loaded.Add(graph) ? graph.Bytes : 0;
            _awaited = _awaited == graph ? null : _awaited;
            return true;
        }
    }

    // Null also where all that are idle would not make room enough: none is unloaded in vain.
    private ILoadable? TakeLeastRecentlyUsed(ILoadable wanted)
    {
        lock (_loaded)
        {
            var idle = Idle();
            if (idle.Length == 0 || _usedBytes - idle.Sum(graph => graph.Bytes) + wanted.Bytes > _limitBytes)
            {
                return null;
            }

            _awaited = wanted;
            return idle.MinBy(graph => graph.LastUsedAt);
        }
    }

    private ILoadable[] Idle()
    {
        lock (_loaded)
        {
            return [.. _loaded.Where(graph => graph.IsIdle)];
        }
    }

    private Refusal NoRoom(ILoadable graph, string why) => new(
        StipErrorCode.ServerOverloaded,
        $"model '{graph.Model}' needs {graph.Bytes >> 20} MiB of {_limitBytes >> 20} for models; {why}", "model",
        TimeSpan.FromSeconds(5));
}
