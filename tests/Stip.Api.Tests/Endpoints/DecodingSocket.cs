using System.Buffers;
using System.Net.WebSockets;
using Stip.Api.Tests.Hosting;
using Stip.Protocol.Completions;

namespace Stip.Api.Tests.Endpoints;

/// <summary>The server's end of a WebSocket whose client opens a session and decodes as fast as answers come. Nothing
/// ever waits, so a step is served on one thread, and what that thread allocates between two messages is the step's.
/// </summary>
internal sealed class DecodingSocket(int topK, int steps) : WirelessSocket
{
    private readonly List<byte[]> _messages = [];
    private readonly StickyFields _sent = new();
    private readonly List<long> _bytesOfAStep = new(steps);
    private readonly TaskCompletionSource _isOpen = new();
    private CompletionResponse? _opened;
    private long _allocated = -1;
    private int _thread;
    private int _next;

    /// <summary>Managed bytes of each step that stayed on its thread.</summary>
    public IReadOnlyList<long> BytesOfAStep => _bytesOfAStep;

    public int Answers { get; private set; }

    public override ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(
        Memory<byte> buffer, CancellationToken cancellationToken) =>
        _next == 1 && _opened is null ? ReceiveWhenOpenAsync(buffer) : new(Receive(buffer));

    // The first step is loaded first and takes a while, so that the second is asked for before it is answered.
    private async ValueTask<ValueWebSocketReceiveResult> ReceiveWhenOpenAsync(Memory<byte> buffer)
    {
        await _isOpen.Task;
        return Receive(buffer);
    }

    private ValueWebSocketReceiveResult Receive(Memory<byte> buffer)
    {
        Note();
        if (_next == 0)
        {
            Add(Steps.Prefill(1, 3));
        }
        else if (_next == 1)
        {
            for (var i = 0; i < steps; i++)
            {
                Add(new CompletionRequest(
                    "tiny", Steps.Rows(1, 3 + i, 1), _opened!.SessionId, 3 + i, new LogitsRequest(topK)));
            }
        }

        if (_next == _messages.Count)
        {
            return new(0, WebSocketMessageType.Close, endOfMessage: true);
        }

        var message = _messages[_next++];
        message.CopyTo(buffer);
        (_allocated, _thread) = (GC.GetAllocatedBytesForCurrentThread(), Environment.CurrentManagedThreadId);
        return new(message.Length, WebSocketMessageType.Binary, endOfMessage: true);
    }

    public override ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer,
        WebSocketMessageType messageType,
        bool endOfMessage,
        CancellationToken cancellationToken)
    {
        Answers += messageType == WebSocketMessageType.Binary ? 1 : 0;
        if (_opened is null)
        {
            _opened = CompletionResponseCodec.Read(buffer.ToArray(), new StickyFields());
            _isOpen.SetResult();
        }

        return ValueTask.CompletedTask;
    }

    private void Note()
    {
        if (_next > 1 && _thread == Environment.CurrentManagedThreadId)
        {
            _bytesOfAStep.Add(GC.GetAllocatedBytesForCurrentThread() - _allocated);
        }
    }

    private void Add(CompletionRequest request)
    {
        var message = new ArrayBufferWriter<byte>();
        CompletionRequestCodec.Write(message, request, _sent);
        _messages.Add(message.WrittenSpan.ToArray());
    }
}
