using System.Diagnostics.Metrics;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Engine.Loading;

/// <summary>A model that ends, or its server with it, in the middle of a load that takes minutes.</summary>
public sealed class EndOfALoadTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly FakeRuntime _runtime = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task End_WhileFilesAreLookedAt_GivesTheLoadUp()
    {
        using var begun = new ManualResetEventSlim();
        _runtime.BeforeLoad = cancellation =>
        {
            begun.Set();
            cancellation.WaitHandle.WaitOne(Patience);
            cancellation.ThrowIfCancellationRequested();
        };
        var host = _runtime.Host();
        var step = host.RunAsync("alice", _runtime.Step());
        begun.Wait(Cancellation);

        await host.DisposeAsync().AsTask().WaitAsync(Patience, Cancellation);

        Assert.Equal(StipErrorCode.SessionLost, (await step).Refusal?.Code);
        Assert.Equal((0, 0), (_runtime.Loads, _runtime.Graphs.Count));
    }

    [Fact]
    public async Task End_WhileAGraphIsLoaded_WaitsAMomentAndLeavesNothing()
    {
        using var begun = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        HoldLoad(begun, goOn);
        var host = _runtime.Host();
        var step = host.RunAsync("alice", _runtime.Step());
        begun.Wait(Cancellation);

        var ended = host.DisposeAsync().AsTask();
        await Task.Delay(50, Cancellation);
        Assert.False(ended.IsCompleted);
        await PassTimeUntilAsync(ended);

        await ended;
        Assert.False(_runtime.Decoder.IsDisposed);
        goOn.Set();
        Assert.Equal(StipErrorCode.SessionLost, (await step).Refusal?.Code);
        Assert.True(_runtime.Decoder.IsDisposed);
        Assert.Equal((false, 0), (host.IsLoaded, _runtime.Graphs.Count));
    }

    // A model that was replaced meanwhile: the new one keeps its place.
    [Fact]
    public async Task Load_ThatEndsAfterTheEnd_LeavesTheMetricsToTheNext()
    {
        using var begun = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        HoldLoad(begun, goOn);
        var host = _runtime.Host();
        var step = host.RunAsync("alice", _runtime.Step());
        begun.Wait(Cancellation);
        var ended = host.DisposeAsync().AsTask();
        await PassTimeUntilAsync(ended);

        _runtime.DuringLoad = null;
        await using var next = _runtime.Host();
        Assert.Null((await next.OpenAsync("bob", 64, Cancellation)).Refusal);
        goOn.Set();
        await step;

        Assert.Equal([1], MeasuredSessions());
    }

    // Its files are deleted under it.
    [Fact]
    public async Task Load_ThatFailsAfterTheEnd_IsNoFault()
    {
        using var begun = new ManualResetEventSlim();
        var host = _runtime.Host();
        _runtime.BeforeLoad = cancellation =>
        {
            begun.Set();
            cancellation.WaitHandle.WaitOne(Patience);
            throw new FileNotFoundException();
        };
        var step = host.RunAsync("alice", _runtime.Step());
        begun.Wait(Cancellation);

        await host.DisposeAsync();

        Assert.Equal(StipErrorCode.SessionLost, (await step).Refusal?.Code);
        Assert.Equal(0, _runtime.Graphs.Count);
    }

    private void HoldLoad(ManualResetEventSlim begun, ManualResetEventSlim goOn) => _runtime.DuringLoad = () =>
    {
        begun.Set();
        goOn.Wait(Patience);
    };

    private async Task PassTimeUntilAsync(Task ended)
    {
        while (!ended.IsCompleted)
        {
            _runtime.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, Cancellation);
        }
    }

    // One number a model that is loaded.
    private List<int> MeasuredSessions()
    {
        var sessions = new List<int>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter == _runtime.Meter && instrument.Name == "stip.num_sessions")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((_, count, _, _) => sessions.Add(count));
        listener.Start();
        listener.RecordObservableInstruments();
        return sessions;
    }
}
