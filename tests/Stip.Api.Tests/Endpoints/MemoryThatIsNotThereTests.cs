using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Api.Tests.Endpoints;

/// <summary>A real server that the system gives no more than so much address space: what is promised beyond it is a
/// refusal for now.</summary>
[Trait("Category", "Slow")]
public sealed class MemoryThatIsNotThereTests
{
    private const int Megabyte = 1 << 20;
    private const string Limiter = "/usr/bin/prlimit";

    public static bool CannotLimit => !File.Exists(Limiter);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // 152 MiB of rows, for which there is room, and 76 MiB of types, for which there is none beside them.
    [Fact(Explicit = true, Skip = "needs prlimit", SkipWhen = nameof(CannotLimit))]
    public async Task Pass_WhoseSecondInputFindsNoRoom_IsRefusedAndGivesTheFirstOneBack()
    {
        await using var server = await StartAsync(path => TinyEncoder.WriteTo(path, 1 << 20));
        const long Numbers = 38L * Megabyte;
        const long Rows = Numbers / TinyEncoder.HiddenSize;
        var embeds = Numbers * sizeof(float);
        var types = Rows * sizeof(long);
        var json = $$$"""
            {"__metadata__":{"model":"{{{TinyEncoder.Model}}}"},
            "inputs_embeds":{"dtype":"F32","shape":[64,{{{Rows / 64}}},4],"data_offsets":[0,{{{embeds}}}]},
            "token_type_ids":{"dtype":"I64","shape":[64,{{{Rows / 64}}}],
            "data_offsets":[{{{embeds}}},{{{embeds + types}}}]}}
            """;
        var before = AddressSpace(server);
        await LimitAsync(server, before + embeds + (types / 2));
        for (var i = 0; i < 3; i++)
        {
            var answer = await PromiseAsync(server, json, 8 + json.Length + embeds + types);
            Assert.Contains(" 503 ", answer, StringComparison.Ordinal);
        }

        Assert.InRange(AddressSpace(server) - before, long.MinValue, embeds / 4 * 3);
    }

    [Fact(Explicit = true, Skip = "needs prlimit", SkipWhen = nameof(CannotLimit))]
    public async Task Step_WhoseRowsFindNoRoom_IsRefusedOverAWebSocketThatGoesOn()
    {
        const int Length = 350_000;
        await using var server = await StartAsync(path => new TinyDecoder(Length: Length).WriteTo(path));
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {server.ApiKey}");
        await socket.ConnectAsync(
            new UriBuilder(server.Endpoint) { Scheme = "ws", Path = StipRoutes.CompletionStream }.Uri, Cancellation);
        Assert.Equal(WebSocketMessageType.Binary, (await StepAsync(socket, 2)).Type);
        // 43 MiB of rows.
        await LimitAsync(server, AddressSpace(server) + (20L * Megabyte));
        var (type, body) = await StepAsync(socket, Length);
        Assert.Equal(WebSocketMessageType.Text, type);
        var error = JsonSerializer.Deserialize<ErrorDocument>(body, StipJson.Wire)!;
        Assert.Equal((StipErrorCode.ServerOverloaded.Name(), 503), (error.Error.Code, error.Status));
        Assert.Equal(WebSocketMessageType.Binary, (await StepAsync(socket, 2)).Type);
    }

    private static async Task<(WebSocketMessageType Type, byte[] Body)> StepAsync(ClientWebSocket socket, int rows)
    {
        var message = new ArrayBufferWriter<byte>();
        CompletionRequestCodec.Write(message, Steps.Prefill(1, 1) with
        {
            PromptEmbeds = new TensorPayload(
                "float32", [rows, TinyDecoder.HiddenSize], new byte[rows * TinyDecoder.HiddenSize * sizeof(float)]),
            Keep = false,
        });
        await socket.SendAsync(message.WrittenMemory, WebSocketMessageType.Binary, true, Cancellation);
        var buffer = new byte[64 << 10];
        var received = await socket.ReceiveAsync(buffer, Cancellation);
        return (received.MessageType, buffer[..received.Count]);
    }

    // Sends the header alone; the server answers before the rest comes.
    private static async Task<string> PromiseAsync(ApiProcess server, string json, long bytes)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Endpoint.Port, Cancellation);
        var head = $"POST {StipRoutes.Forward} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.ApiKey}\r\n"
            + $"Content-Type: {StipRoutes.SafetensorsMediaType}\r\nContent-Length: {bytes}\r\n\r\n";
        await socket.SendAsync(
            (byte[])[.. Encoding.ASCII.GetBytes(head), .. BitConverter.GetBytes((long)json.Length),
                .. Encoding.ASCII.GetBytes(json)],
            SocketFlags.None, Cancellation);
        var buffer = new byte[4096];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, SocketFlags.None, Cancellation));
    }

    private static async Task<ApiProcess> StartAsync(Action<string> write)
    {
        var server = await ApiProcess.StartAsync(new Dictionary<string, string>
        {
            ["Stip__Api__Limits__TokensPerSecond"] = "0",
            ["Stip__Api__Engine__ForwardMegabytes"] = "100000000",
            // Each thread's own heap of glibc takes 64 MiB of addresses.
            ["MALLOC_ARENA_MAX"] = "1",
        });
        using var folder = new TemporaryFolder();
        write(folder.Path);
        using var http = new HttpClient { BaseAddress = server.Endpoint };
        using var pushed = await new ApiCaller(http, server.ApiKey).PushAsync(folder.Path);
        Assert.True(pushed.IsSuccessStatusCode, await pushed.Content.ReadAsStringAsync(Cancellation));
        return server;
    }

    private static long AddressSpace(ApiProcess server)
    {
        var line = File.ReadLines($"/proc/{server.ProcessId}/status")
            .First(line => line.StartsWith("VmSize:", StringComparison.Ordinal));
        var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return long.Parse(words[^2], CultureInfo.InvariantCulture) << 10;
    }

    private static async Task LimitAsync(ApiProcess server, long bytes)
    {
        using var limiter = Process.Start(Limiter, ["--pid", $"{server.ProcessId}", $"--as={bytes}"]);
        await limiter.WaitForExitAsync(Cancellation);
        Assert.Equal(0, limiter.ExitCode);
    }
}
