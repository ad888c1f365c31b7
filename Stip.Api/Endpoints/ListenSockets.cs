using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Stip.Api.Endpoints;

/// <summary>Sockets whose connections ask after an other end that is silent: a machine that went without a word is
/// noticed while its request waits or runs, and not when its answer is written or its lease ends.</summary>
internal static class ListenSockets
{
    private const int SilentSeconds = 60;
    private const int SecondsBetween = 10;
    private const int Questions = 3;

    public static Socket Make(EndPoint endpoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        if (endpoint is IPEndPoint)
        {
            // Connections have it of the socket that they came to.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, SilentSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, SecondsBetween);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Questions);
        }

        return socket;
    }
}
