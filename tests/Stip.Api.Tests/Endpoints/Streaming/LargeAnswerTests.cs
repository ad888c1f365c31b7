using System.Net.WebSockets;
using Stip.Api.Engine;
using Stip.Api.Tests.Engine;
using Stip.Api.Tests.Hosting;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;
using StreamWriter = Stip.Api.Endpoints.Streaming.StreamWriter;

namespace Stip.Api.Tests.Endpoints.Streaming;

public sealed class LargeAnswerTests
{
    // A whole row is 1 MiB, the longest that goes out as one frame.
    private const int VocabSize = 1 << 18;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rows_OfAMebibyteEach_AreWrittenInTheSameMemoryAgain()
    {
        using var socket = new CountingSocket();
        var writer = new StreamWriter(socket, "request", TimeProvider.System);
        var declaration = Declaration();
        using var answer = new StepAnswer(() => { });
        answer.Reserve(declaration.RowBytes).Span.Clear();
        answer.Fill(default, declaration.RowBytes, null, 0, 1, false, default);
        await writer.AnswerAsync(declaration, answer, 0, Cancellation);
        var before = GC.GetAllocatedBytesForCurrentThread();
        await writer.AnswerAsync(declaration, answer, 0, Cancellation);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
        Assert.Equal(2, socket.Frames);
    }

    private static StepDeclaration Declaration()
    {
        var runtime = new FakeRuntime();
        var request = new CompletionRequest(
            "fake", new TensorPayload("float32", [1, FakeRuntime.Hidden], default), MaxLength: 64, Keep: false);
        Assert.True(StepDeclaration.Judge(runtime.Snapshot with { VocabSize = VocabSize }, request, runtime.Options)
            .Is(out var declaration, out _));
        Assert.Equal(1 << 20, declaration.RowBytes);
        return declaration;
    }

    /// <summary>Takes frames at once.</summary>
    private sealed class CountingSocket : WirelessSocket
    {
        public int Frames { get; private set; }

        public override ValueTask SendAsync(
            ReadOnlyMemory<byte> buffer,
            WebSocketMessageType messageType,
            bool endOfMessage,
            CancellationToken cancellationToken)
        {
            Frames++;
            return ValueTask.CompletedTask;
        }
    }
}
