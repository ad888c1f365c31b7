using System.Net.WebSockets;
using System.Runtime.InteropServices;
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
        var declaration = Declaration(VocabSize);
        Assert.Equal(1 << 20, declaration.RowBytes);
        using var answer = new StepAnswer(() => { });
        answer.Reserve(declaration.RowBytes).Span.Clear();
        answer.Fill(default, declaration.RowBytes, null, 0, 1, false, default);
        await writer.AnswerAsync(declaration, answer, 0, Cancellation);
        var before = GC.GetAllocatedBytesForCurrentThread();
        await writer.AnswerAsync(declaration, answer, 0, Cancellation);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
        Assert.Equal(2, socket.Frames);
    }

    // A connection that is open and idle afterwards holds no more than one that never asked for so much.
    [Fact]
    public async Task LargestLogits_OfManyRows_AreNotKeptOnceTheyAreSent()
    {
        const int Rows = 400;
        const int TopK = 1024;
        using var socket = new CountingSocket();
        var writer = new StreamWriter(socket, "request", TimeProvider.System);
        var declaration = Declaration(4096, Rows, new LogitsRequest(TopK, LogitsRequest.All));
        var top = new TopRow(TopK, 1);
        using var answer = new StepAnswer(() => { });
        answer.Reserve(Rows * top.Bytes(declaration.RowBytes)).Span.Clear();
        answer.Fill(top, Rows * top.Bytes(declaration.RowBytes), null, 0, Rows, false, default);

        await writer.AnswerAsync(declaration, answer, 0, Cancellation);

        Assert.InRange(socket.LastBytes, 3 << 20, 8 << 20);
        GC.Collect();
        Assert.False(socket.LastFrame.IsAlive);
        GC.KeepAlive(writer);
    }

    private static StepDeclaration Declaration(int vocabSize, int rows = 1, LogitsRequest? logits = null)
    {
        var runtime = new FakeRuntime();
        var request = new CompletionRequest(
            "fake", new TensorPayload("float32", [rows, FakeRuntime.Hidden], default), Logits: logits, MaxLength: 512,
            Keep: false);
        Assert.True(StepDeclaration.Judge(
            runtime.Snapshot with { VocabSize = vocabSize, MaxTopK = vocabSize }, request, runtime.Options)
            .Is(out var declaration, out var refusal), refusal?.Message);
        return declaration;
    }

    /// <summary>Takes frames at once.</summary>
    private sealed class CountingSocket : WirelessSocket
    {
        public int Frames { get; private set; }

        public int LastBytes { get; private set; }

        /// <summary>The array of the last frame.</summary>
        public WeakReference LastFrame { get; } = new(null);

        public override ValueTask SendAsync(
            ReadOnlyMemory<byte> buffer,
            WebSocketMessageType messageType,
            bool endOfMessage,
            CancellationToken cancellationToken)
        {
            Frames++;
            LastBytes = buffer.Length;
            LastFrame.Target = MemoryMarshal.TryGetArray(buffer, out var array) ? array.Array : null;
            return ValueTask.CompletedTask;
        }
    }
}
