using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Stip.Api.Tests.Registry.Database;

/// <summary>A way to a PostgreSQL server that breaks at the next commit, before or after its answer, and may stay
/// broken.</summary>
internal sealed class CuttingRelay : IDisposable
{
    private static readonly byte[] Commit = Encoding.ASCII.GetBytes("COMMIT\0");
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly (string Host, int Port) _target;
    private Cut _cut;
    private volatile bool _isBroken;

    public CuttingRelay(string connectionString)
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        _target = (target.Host!, target.Port);
        _listener.Start();
        (target.Host, target.Port) = ("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port);
        ConnectionString = target.ToString();
        _ = AcceptAsync();
    }

    /// <summary>When the way breaks.</summary>
    public enum Cut
    {
        Never,

        /// <summary>The server has the commit, the client no answer.</summary>
        BeforeTheAnswer,

        /// <summary>The client has the answer, and gets no further.</summary>
        BehindTheAnswer,
    }

    public string ConnectionString { get; }

    /// <summary>Breaks at the next commit.</summary>
    /// <param name="cut">When.</param>
    /// <param name="staysBroken">Whether nobody gets through afterwards.</param>
    public void Break(Cut cut, bool staysBroken)
    {
        _cut = cut;
        StaysBroken = staysBroken;
    }

    private bool StaysBroken { get; set; }

    public void Mend() => _isBroken = false;

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
                if (_isBroken)
                {
                    near.Dispose();
                    continue;
                }

                _ = RelayAsync(near);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The relay is closed.
        }
    }

    private async Task RelayAsync(TcpClient near)
    {
        using (near)
        using (var far = new TcpClient())
        {
            await far.ConnectAsync(_target.Host, _target.Port, _end.Token);
            near.NoDelay = far.NoDelay = true;
            var isCommitting = false;
            var up = CopyAsync(near, far, bytes =>
            {
                isCommitting = _cut != Cut.Never && bytes.AsSpan().IndexOf(Commit) >= 0;
                return !(isCommitting && _cut == Cut.BeforeTheAnswer);
            });
            var down = CopyAsync(far, near, _ => !isCommitting);
            await Task.WhenAny(up, down);
            if (isCommitting)
            {
                (_isBroken, _cut) = (StaysBroken, Cut.Never);
            }
        }
    }

    // Until one side ends, or what was passed on was the last.
    private async Task CopyAsync(TcpClient from, TcpClient to, Func<byte[], bool> goesOn)
    {
        var buffer = new byte[1 << 16];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _end.Token) is > 0 and var count)
            {
                var goes = goesOn(buffer[..count]);
                await to.GetStream().WriteAsync(buffer.AsMemory(0, count), _end.Token);
                if (!goes)
                {
                    return;
                }
            }
        }
        catch (Exception end) when (end is IOException or OperationCanceledException or InvalidOperationException)
        {
            // One side has gone; so does the other.
        }
    }
}
