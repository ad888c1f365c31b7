using System.Net;
using Stip.Client.Transport;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Transport;

public sealed class StipHttpClientTests : IDisposable
{
    private static readonly ToyModel Model = new();
    private readonly ToyServer _server = new(Model);
    private readonly StipHttpClient _client;

    public StipHttpClientTests() => _client = Connect(WireEncoding.Safetensors);

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData("http://h:5000", "http://h:5000/")]
    [InlineData("http://h:5000/v1", "http://h:5000/")]
    [InlineData("http://h:5000/v1/", "http://h:5000/")]
    [InlineData("https://H/stip/v1", "https://h/stip/")]
    [InlineData("https://h/stip?x=1#y", "https://h/stip/")]
    [InlineData("https://h/notv1", "https://h/notv1/")]
    public void Address_HoweverItIsWritten_IsTheSame(string written, string address) =>
        Assert.Equal(new Uri(address), StipHttpClient.Address(new Uri(written)));

    [Theory]
    [InlineData(WireEncoding.Safetensors, null)]
    [InlineData(WireEncoding.Safetensors, 4)]
    [InlineData(WireEncoding.Json, null)]
    [InlineData(WireEncoding.Json, 4)]
    public async Task CompleteAsync_EitherEncoding_BringsTheSame(WireEncoding encoding, int? topK)
    {
        using var client = Connect(encoding);

        var exchange = await client.CompleteAsync(Step(3, topK), TestContext.Current.CancellationToken);

        var logits = Assert.Single(exchange.Response.Choices).Logits;
        var expected = Model.Permuted(Model.Logits([3]));
        Assert.Equal(topK, logits.Indices?.Count);
        Assert.Equal(topK is null ? ToyModel.Bytes(expected) : null, logits.Data?.ToArray());
        Assert.Equal(topK is null ? null : expected.Max(), logits.Values?[0]);
        Assert.Equal(TimeSpan.FromMilliseconds(1.5), exchange.Figures.Server);
        Assert.InRange(exchange.Figures.BytesSent, 16, 1000);
        Assert.InRange(exchange.Figures.BytesReceived, 16, 3000);
    }

    [Fact]
    public async Task CompleteAsync_Refused_CarriesCodeAndStatus()
    {
        _server.RefuseNext(HttpStatusCode.BadRequest, StipErrorCode.ShapeMismatch);

        var refusal = await Assert.ThrowsAsync<StipException>(
            () => _client.CompleteAsync(Step(3), TestContext.Current.CancellationToken));

        Assert.Equal(StipErrorCode.ShapeMismatch, refusal.Code);
        Assert.Equal(400, refusal.Status);
        Assert.Equal("shape_mismatch: as told", refusal.Message);
    }

    [Fact]
    public async Task CompleteAsync_BusyOverloadedAndBrokenConnections_AreTriedAgain()
    {
        _server.RefuseNext(HttpStatusCode.ServiceUnavailable, StipErrorCode.ServerOverloaded);
        _server.RefuseNext(HttpStatusCode.TooManyRequests, StipErrorCode.RateLimitExceeded);
        _server.RefuseNext(HttpStatusCode.Conflict, StipErrorCode.SessionBusy);
        _server.FailNext(() => throw new HttpRequestException("connection reset"));
        _server.FailNext(() => new HttpResponseMessage { Content = new StreamContent(new BrokenStream()) });

        var exchange = await _client.CompleteAsync(Step(3), TestContext.Current.CancellationToken);

        Assert.Equal(1, exchange.Response.Position);
        Assert.Equal(6, _server.Steps.Count);
    }

    [Theory]
    [InlineData(3600, null)]
    [InlineData(9, null)]
    [InlineData(31, StipErrorCode.ServerOverloaded)]
    public async Task CompleteAsync_ToldByNoServerToWaitForLong_WaitsHalfAMinuteAndEndsWithTheRefusal(
        int seconds, StipErrorCode? code)
    {
        var clock = new PassingClock();
        using var client = Connect(WireEncoding.Safetensors, clock);
        FailNext(20, () => Later(seconds, code));

        var refusal = await Assert.ThrowsAsync<StipException>(
            () => client.CompleteAsync(Step(3), TestContext.Current.CancellationToken));

        Assert.Equal((503, TimeSpan.FromSeconds(seconds)), (refusal.Status, refusal.RetryAfter));
        Assert.Equal(30, clock.Seconds);
    }

    // Answers of others take minutes: a server without room says half a minute again and again.
    [Theory]
    [InlineData(30, 20, 200)]
    [InlineData(1, 60, 60)]
    public async Task CompleteAsync_ToldByTheServerToWait_WaitsForItsRoom(int seconds, int times, int waited)
    {
        var clock = new PassingClock();
        using var client = Connect(WireEncoding.Safetensors, clock);
        FailNext(times, () => Later(seconds, StipErrorCode.ServerOverloaded));

        var exchange = await client.CompleteAsync(Step(3), TestContext.Current.CancellationToken);

        Assert.Equal(1, exchange.Response.Position);
        Assert.Equal(waited, clock.Seconds);
    }

    [Fact]
    public async Task CompleteAsync_ToldByTheServerToWaitForEver_WaitsFourMinutes()
    {
        var clock = new PassingClock();
        using var client = Connect(WireEncoding.Safetensors, clock);
        FailNext(300, () => Later(30, StipErrorCode.RateLimitExceeded));

        var refusal = await Assert.ThrowsAsync<StipException>(
            () => client.CompleteAsync(Step(3), TestContext.Current.CancellationToken));

        Assert.Equal(StipErrorCode.RateLimitExceeded, refusal.Code);
        Assert.Equal(240, clock.Seconds);
    }

    // A server that restarts behind a proxy, after a wait for its room.
    [Fact]
    public async Task CompleteAsync_ToldToWaitByAProxyToo_WaitsForBoth()
    {
        var clock = new PassingClock();
        using var client = Connect(WireEncoding.Safetensors, clock);
        FailNext(6, () => Later(30, StipErrorCode.ServerOverloaded));
        FailNext(2, () => Later(1));

        var exchange = await client.CompleteAsync(Step(3), TestContext.Current.CancellationToken);

        Assert.Equal(1, exchange.Response.Position);
        Assert.Equal(62, clock.Seconds);
    }

    [Fact]
    public async Task CompleteAsync_ToldToWaitForAMoment_WaitsSoLong()
    {
        var clock = new PassingClock();
        using var client = Connect(WireEncoding.Safetensors, clock);
        FailNext(1, () => Later(4));

        var exchange = await client.CompleteAsync(Step(3), TestContext.Current.CancellationToken);

        Assert.Equal(1, exchange.Response.Position);
        Assert.Equal([TimeSpan.FromSeconds(4)], clock.Waits);
    }

    // A slow step that was given up over a WebSocket is still running.
    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task CompleteAsync_OfASessionThatStaysBusy_IsAskedAgainAsLongAsAnAttemptMayTake(int? seconds)
    {
        var clock = new PassingClock();
        using var client = Connect(WireEncoding.Safetensors, clock);
        FailNext(1000, () =>
        {
            var busy = ToyServer.Refused(HttpStatusCode.Conflict, StipErrorCode.SessionBusy, "it is in a step");
            busy.Headers.RetryAfter = seconds is { } told ? new(TimeSpan.FromSeconds(told)) : null;
            return busy;
        });

        var refusal = await Assert.ThrowsAsync<StipException>(
            () => client.CompleteAsync(Step(3), TestContext.Current.CancellationToken));

        Assert.Equal(StipErrorCode.SessionBusy, refusal.Code);
        // AttemptTimeout, and one wait that begins before it is over.
        Assert.InRange(clock.Seconds, 300, 305);
    }

    [Fact]
    public async Task CompleteAsync_OfWhatIsNotAnswered_IsTriedEightTimesMore()
    {
        var clock = new PassingClock();
        using var client = Connect(WireEncoding.Safetensors, clock);
        FailNext(20, () => throw new HttpRequestException("connection reset"));

        await Assert.ThrowsAsync<StipException>(
            () => client.CompleteAsync(Step(3), TestContext.Current.CancellationToken));

        Assert.Equal(9, _server.Steps.Count);
    }

    [Fact]
    public async Task GetModelAsync_NobodyListens_FailsAtOnceInOneLine()
    {
        using var client = StipHttpClient.Connect(new Uri("http://127.0.0.1:1/v1"), "key");

        var fault = await Assert.ThrowsAsync<StipException>(
            () => client.GetModelAsync("toy", TestContext.Current.CancellationToken));

        Assert.Null(fault.Code);
        Assert.Contains("http://127.0.0.1:1/ cannot be reached", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public async Task CompleteAsync_AnswerOfAnotherProgram_IsOneLine()
    {
        _server.FailNext(() => new HttpResponseMessage { Content = new StringContent("<html>") });
        await Assert.ThrowsAsync<StipException>(
            () => _client.CompleteAsync(Step(3), TestContext.Current.CancellationToken));

        _server.FailNext(() => new HttpResponseMessage(HttpStatusCode.Forbidden) { Content = new StringContent("no") });
        var fault = await Assert.ThrowsAsync<StipException>(
            () => _client.CompleteAsync(Step(3), TestContext.Current.CancellationToken));
        Assert.Contains("HTTP 403", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeleteSessionAsync_SessionThatIsGone_IsNoFault()
    {
        // The toy answers model_not_found, which is not a session that is gone.
        await Assert.ThrowsAsync<StipException>(
            () => _client.DeleteSessionAsync("sess_0", TestContext.Current.CancellationToken));
        var opened = await _client.CompleteAsync(Step(3), TestContext.Current.CancellationToken);

        await _client.DeleteSessionAsync(opened.Response.SessionId!, TestContext.Current.CancellationToken);

        Assert.Equal(0, _server.SessionCount);
    }

    private static CompletionRequest Step(int token, int? topK = null) => new(
        "toy",
        new TensorPayload("float32", [1, Model.HiddenSize], ToyModel.Bytes(Model.Row(token))),
        Logits: new LogitsRequest(topK));

    private static HttpResponseMessage Later(int seconds, StipErrorCode? code = null)
    {
        var answer = code is { } ours
            ? ToyServer.Refused(HttpStatusCode.ServiceUnavailable, ours, "as told")
            : new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter = new(TimeSpan.FromSeconds(seconds));
        return answer;
    }

    private void FailNext(int times, Func<HttpResponseMessage> fault)
    {
        for (var i = 0; i < times; i++)
        {
            _server.FailNext(fault);
        }
    }

    private StipHttpClient Connect(WireEncoding encoding, TimeProvider? time = null)
    {
        var options = new StipHttpClientOptions
        {
            Encoding = encoding,
            RetryDelay = TimeSpan.FromMilliseconds(1),
            Time = time ?? TimeProvider.System,
        };
        return new StipHttpClient(
            StipConnection.Open(new Uri("http://toy.test/v1"), "key", options, _server), options);
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("broken off");

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) =>
            throw new IOException("broken off");
    }
}
