using Microsoft.Extensions.Time.Testing;
using Stip.Client.Transport;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Client.Tests.Transport;

public sealed class CompletionStreamsTests : IDisposable
{
    private readonly SocketServer _server = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly CompletionStreams _streams;

    public CompletionStreamsTests() => _streams = new CompletionStreams(
        new Uri("http://toy.test/"), "key", new StipHttpClientOptions { Time = _clock }, _server);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _streams.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task TryAsync_OneAfterTheOther_SharesAConnection()
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.NotNull(await StepAsync());
            _clock.Advance(TimeSpan.FromSeconds(19));
        }

        Assert.Equal((1, 3), (_server.Connections, _server.Steps));
    }

    // The server has ended it, or will while the step is under way.
    [Fact]
    public async Task TryAsync_AfterALongPause_OpensAnother()
    {
        await Task.WhenAll(StepAsync(), StepAsync());
        var before = _server.Connections;
        _clock.Advance(TimeSpan.FromSeconds(21));

        Assert.NotNull(await StepAsync());
        Assert.NotNull(await StepAsync());

        Assert.Equal(before + 1, _server.Connections);
    }

    [Fact]
    public async Task TryAsync_ThatIsNotAnsweredAfterAPause_IsGivenUpSoonWithAllOthers()
    {
        await Task.WhenAll(StepAsync(), StepAsync());
        var before = _server.Connections;
        _clock.Advance(TimeSpan.FromSeconds(10));
        _server.Answers = false;

        var step = StepAsync();
        await ReachAsync(3);
        _clock.Advance(TimeSpan.FromSeconds(14));
        Assert.False(step.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(await step);

        _server.Answers = true;
        Assert.NotNull(await StepAsync());
        Assert.Equal(before + 1, _server.Connections);
    }

    // A long step of a connection that is at work is waited for.
    [Fact]
    public async Task TryAsync_ThatIsNotAnsweredWithoutAPause_IsWaitedForAsLongAsAnyAttempt()
    {
        await StepAsync();
        _server.Answers = false;

        var step = StepAsync();
        await ReachAsync(2);
        _clock.Advance(TimeSpan.FromSeconds(290));
        await Task.Delay(20, Cancellation);
        Assert.False(step.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Null(await step);
    }

    private Task<CompletionExchange?> StepAsync() => _streams.TryAsync(
        new CompletionRequest("toy", new TensorPayload("float32", [1, 2], new byte[8]), "sess_1", 0), Cancellation);

    private async Task ReachAsync(int steps)
    {
        while (_server.Steps < steps)
        {
            await Task.Delay(1, Cancellation);
        }
    }
}
