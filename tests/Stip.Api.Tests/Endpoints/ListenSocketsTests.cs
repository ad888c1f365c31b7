using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Stip.Api.Tests.Hosting;

namespace Stip.Api.Tests.Endpoints;

public sealed class ListenSocketsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connection_ToTheServersSocket_AsksAfterASilentOtherEnd()
    {
        using var server = new ApiServer();
        var options = server.Services.GetRequiredService<IOptions<SocketTransportOptions>>().Value;
        using var listening = options.CreateBoundListenSocket(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listening.LocalEndPoint!, Cancellation);

        using var accepted = await listening.AcceptAsync(Cancellation);

        Assert.NotEqual(0, accepted.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
        Assert.Equal(60, accepted.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime));
    }

    [Fact]
    public void Socket_ThatIsAFile_IsBoundAsItIs()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var socket = Stip.Api.Endpoints.ListenSockets.Make(new UnixDomainSocketEndPoint(path));

        Assert.True(socket.IsBound);
        File.Delete(path);
    }
}
