using Stip.Api.Engine;
using Stip.Api.Engine.Loading;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Engine.Loading;

/// <summary>Room that is made for a model is that model's, and whoever asks for a model has room made.</summary>
public sealed class KeptRoomTests
{
    private const long Megabyte = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly FakeRuntime _runtime = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // Between the two that it needs the room of, somebody else would take that of the first.
    [Fact]
    public async Task Room_OfTheFirstOfTwo_IsKeptForWhomItWasMade()
    {
        _runtime.Options.ModelMegabytes = 20;
        using var graphs = new LoadedGraphs(
            Microsoft.Extensions.Options.Options.Create(_runtime.Options), _runtime.Clock);
        var (first, second) = (new Room(graphs, 10, 1), new Room(graphs, 10, 2));
        var (large, small) = (new Room(graphs, 20, 3), new Room(graphs, 5, 4));
        Assert.Null(await graphs.AdmitAsync(first, makesRoom: true, Cancellation));
        Assert.Null(await graphs.AdmitAsync(second, makesRoom: true, Cancellation));
        Refusal? preloaded = null;
        second.OnUnload = async () =>
            preloaded = await graphs.AdmitAsync(small, makesRoom: false, Cancellation);

        Assert.Null(await graphs.AdmitAsync(large, makesRoom: true, Cancellation).WaitAsync(Patience, Cancellation));

        Assert.Equal(StipErrorCode.ServerOverloaded, preloaded?.Code);
        Assert.Equal(1, graphs.Count);
        graphs.Remove(large);
        Assert.Null(await graphs.AdmitAsync(small, makesRoom: false, Cancellation));
    }

    // However much there is to unload.
    [Fact]
    public async Task Wait_WhereUnloadingTakesLong_EndsInTime()
    {
        _runtime.Options.ModelMegabytes = 10;
        _runtime.Options.LoadWaitSeconds = 1;
        using var graphs = new LoadedGraphs(
            Microsoft.Extensions.Options.Options.Create(_runtime.Options), _runtime.Clock);
        var rooms = Enumerable.Range(0, 10).Select(i => new Room(graphs, 1, i)).ToArray();
        var unloaded = 0;
        foreach (var room in rooms)
        {
            Assert.Null(await graphs.AdmitAsync(room, makesRoom: true, Cancellation));
            room.OnUnload = () =>
            {
                unloaded++;
                return Task.Delay(400, Cancellation);
            };
        }

        var refusal = await graphs.AdmitAsync(new Room(graphs, 10, 11), makesRoom: true, Cancellation);

        Assert.Equal(StipErrorCode.ServerOverloaded, refusal?.Code);
        Assert.InRange(unloaded, 1, 9);
    }

    // The load at the start takes what is free; a request may take what others have.
    [Fact]
    public async Task Request_ThatJoinsALoadForNobody_HasRoomMade()
    {
        _runtime.Options.ModelMegabytes = 10;
        await using var idle = _runtime.Host("idle", 10 * Megabyte);
        var unloading = new TaskCompletionSource();
        var graphs = _runtime.Graphs;
        Assert.Null(await idle.LoadAsync());
        await using var wanted = Loaded(graphs, unloading.Task);
        Assert.True((await wanted.GetAsync(Cancellation)).Is(out _, out _));
        var unload = wanted.UnloadAsync();
        Assert.False(idle.IsLoaded);
        Assert.Equal(1, graphs.Count);

        var preload = wanted.LoadAsync();
        var asked = wanted.GetAsync(Cancellation).AsTask();
        graphs.Remove(wanted);
        Assert.Null(await idle.LoadAsync());
        unloading.SetResult();

        Assert.NotNull(await preload.WaitAsync(Patience, Cancellation));
        Assert.True((await asked.WaitAsync(Patience, Cancellation)).Is(out _, out var refusal), refusal?.Message);
        Assert.False(idle.IsLoaded);
        await unload;
    }

    private LoadedOnUse<Part> Loaded(LoadedGraphs graphs, Task unloading) => new(
        "wanted", 10 * Megabyte, _ => new Part(unloading), _ => true, _ => 0, graphs,
        Microsoft.Extensions.Options.Options.Create(_runtime.Options), _runtime.Clock);

    private sealed class Part(Task unloading) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await unloading;
    }

    private sealed class Room(LoadedGraphs graphs, int megabytes, long lastUsedAt) : ILoadable
    {
        public Func<Task> OnUnload { get; set; } = () => Task.CompletedTask;

        public string Model => "room";

        public long Bytes => megabytes * Megabyte;

        public bool IsIdle { get; private set; } = true;

        public long LastUsedAt => lastUsedAt;

        public async Task UnloadAsync()
        {
            IsIdle = false;
            await OnUnload();
            graphs.Remove(this);
        }
    }
}
