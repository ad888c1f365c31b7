using System.Buffers;
using System.Net.WebSockets;

namespace Stip.Api.Endpoints.Streaming;

/// <summary>Receives messages of a WebSocket piece by piece, no more of each than was asked for so far.</summary>
internal sealed class FrameBuffer : IDisposable
{
    private const int FirstBytes = 16 << 10;

    // What one long prompt took is not kept for the single rows that follow it.
    private const int MostKeptBytes = 1 << 20;
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstBytes);

    /// <summary>Bytes of the message that are here.</summary>
    public int Length { get; private set; }

    /// <summary>True once the message is here as a whole.</summary>
    public bool IsWhole { get; private set; }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    /// <summary>Begins the next message; false where the other end closes.</summary>
    public async ValueTask<bool> BeginAsync(WebSocket socket, CancellationToken cancellation)
    {
        (Length, IsWhole) = (0, false);
        if (_bytes.Length > MostKeptBytes)
        {
            Resize(FirstBytes);
        }

        return await ReceiveAsync(socket, cancellation);
    }

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

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

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
