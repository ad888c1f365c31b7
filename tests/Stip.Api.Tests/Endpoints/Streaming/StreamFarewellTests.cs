using System.Net.WebSockets;
using System.Text;
using Stip.Api.Endpoints.Streaming;

namespace Stip.Api.Tests.Endpoints.Streaming;

public sealed class StreamFarewellTests
{
    private const int HeadBytes = 2 + 2;
    private const int MostReasonBytes = 123;

    // What is quoted there came from a caller.
    [Theory]
    [InlineData("short", "short")]
    [InlineData("half HALF of a character", "half \ufffd of a character")]
    [InlineData("aaa", null)]
    [InlineData("aa", null)]
    [InlineData("a", null)]
    [InlineData("", null)]
    public async Task Reason_OfWhateverCharacters_IsSaidAsFarAsThereIsRoom(string start, string? expected)
    {
        var reason = expected is null
            ? start + string.Concat(Enumerable.Repeat("😀", 60))
            : start.Replace("HALF", "😀"[..1], StringComparison.Ordinal);
        using var wire = new MemoryStream();
        using var socket = WebSocket.CreateFromStream(wire, new WebSocketCreationOptions { IsServer = true });

        await StreamFarewell.CloseAsync(socket, WebSocketCloseStatus.InvalidPayloadData, reason);

        var said = Encoding.UTF8.GetString(wire.ToArray().AsSpan(HeadBytes));
        Assert.Equal(expected ?? reason[..said.Length], said);
        Assert.InRange(Encoding.UTF8.GetByteCount(said), expected is null ? MostReasonBytes - 3 : 1, MostReasonBytes);
    }
}
