using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Stip.Bench.Serving;

/// <summary>A way to the server that takes a given time and counts every byte, headers and frames included.</summary>
internal sealed class LoopbackRelay : IDisposable
{
    private const int ChunkBytes = 1 << 16;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Uri _target;
    private readonly TimeSpan _delay;
    private long _up;
    private long _down;

    /// <param name="target">The server.</param>
    /// <param name="delay">Time that a byte takes one way.</param>
    public LoopbackRelay(Uri target, TimeSpan delay)
    {
        (_target, _delay) = (target, delay);
        _listener.Start();
        Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _ = AcceptAsync();
    }

    public Uri Endpoint { get; }

    public long BytesUp => Interlocked.Read(ref _up);

    public long BytesDown => Interlocked.Read(ref _down);

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptTcpClientAsync(_end.Token);
                var far = new TcpClient();
                await far.ConnectAsync(_target.Host, _target.Port, _end.Token);
                near.NoDelay = far.NoDelay = true;
                _ = RelayAsync(near, far, count => Interlocked.Add(ref _up, count));
                _ = RelayAsync(far, near, count => Interlocked.Add(ref _down, count));
            }
        }
        catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The relay is closed.
        }
    }

    private async Task RelayAsync(TcpClient from, TcpClient to, Action<int> count)
    {
        var onTheWay = Channel.CreateUnbounded<(byte[] Bytes, long Due)>();
        var reading = Task.Run(() => ReadAsync(from, onTheWay.Writer, count));
        try
        {
            await foreach (var (bytes, due) in onTheWay.Reader.ReadAllAsync(_end.Token))
            {
                var wait = TimeSpan.FromSeconds((due - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency);
                await (wait > TimeSpan.Zero ? Task.Delay(wait, _end.Token) : Task.CompletedTask);
                await to.GetStream().WriteAsync(bytes, _end.Token);
            }
        }
        catch (Exception end) when (end is IOException or OperationCanceledException or InvalidOperationException)
        {
            // One side has gone; so does the other.
        }

        from.Dispose();
        to.Dispose();
        await reading;
    }

    private async Task ReadAsync(TcpClient from, ChannelWriter<(byte[] Bytes, long Due)> writer, Action<int> count)
    {
        var buffer = new byte[ChunkBytes];
        var delay = (long)(_delay.TotalSeconds * Stopwatch.Frequency);
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _end.Token) is > 0 and var length)
            {
                count(length);
                await writer.WriteAsync((buffer[..length], Stopwatch.GetTimestamp() + delay), _end.Token);
            }
        }
        catch (Exception end) when (end is IOException or OperationCanceledException or InvalidOperationException)
        {
            // As above.
        }

        writer.TryComplete();
    }
}
