using System.Buffers;
using System.Net.WebSockets;

namespace Stip.Api.Endpoints.Streaming;

/// <summary>Receives messages of a WebSocket piece by piece, in memory that holds a header and grows with no body.
/// </summary>
internal sealed class FrameBuffer : IDisposable
{
    private const int FirstBytes = 16 << 10;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstBytes);
    private Task<bool>? _ahead;

    /// <summary>Bytes that are here: of the message, or of its newest piece.</summary>
    public int Length { get; private set; }

    /// <summary>True once the message is here as a whole.</summary>
    public bool IsWhole { get; private set; }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    /// <summary>Lets go of what is here and receives the next piece, of the next message where this one is whole; false
    /// where the other end closes.</summary>
    public async ValueTask<bool> NextAsync(WebSocket socket, CancellationToken cancellation)
    {
        if (_ahead is { } ahead)
        {
            _ahead = null;
            return await ahead;
        }

        (Length, IsWhole) = (0, false);
        return await ReceiveAsync(socket, cancellation);
    }

    /// <summary>Begins to receive the next piece before anybody waits for it: what is here is let go of. No more than
    /// that one piece is taken from the other end.</summary>
    public void ReadAhead(WebSocket socket, CancellationToken cancellation) =>
        _ahead = NextAsync(socket, cancellation).AsTask();

    /// <summary>Reads on until so many bytes are here or the message ends. Memory grows with what has arrived, not
    /// with what a header promises.</summary>
    public async ValueTask<bool> FillAsync(WebSocket socket, int bytes, CancellationToken cancellation)
    {
        while (Length < bytes && !IsWhole)
        {
            if (Length == _bytes.Length)
            {
                Resize((int)Math.Min(bytes, 2L * Length));
            }

            if (!await ReceiveAsync(socket, cancellation))
            {
                return false;
            }
        }

        return true;
    }

    public void Dispose()
    {
        if (_ahead is { } ahead)
        {
            // What may still be written to is nobody else's, and how it ends nobody asks.
            ahead.ContinueWith(
                static unread => unread.Exception, CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return;
        }

        ArrayPool<byte>.Shared.Return(_bytes);
    }

    private void Resize(int bytes)
    {
        var other = ArrayPool<byte>.Shared.Rent(bytes);
        Bytes.CopyTo(other);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = other;
    }

    private async ValueTask<bool> ReceiveAsync(WebSocket socket, CancellationToken cancellation)
    {
        var received = await socket.ReceiveAsync(_bytes.AsMemory(Length), cancellation);
        (Length, IsWhole) = (Length + received.Count, received.EndOfMessage);
        return received.MessageType switch
        {
            WebSocketMessageType.Close => false,
            WebSocketMessageType.Binary => true,
            _ => throw new InvalidDataException("a message is text; steps are binary messages"),
        };
    }
}
