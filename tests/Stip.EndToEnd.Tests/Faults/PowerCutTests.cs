using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Audit;
using Stip.Protocol.Uploads;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Faults;

/// <summary>A real server that is killed, or whose client is slow or gone. A decode that is killed is in
/// <c>InterruptionTests</c>.</summary>
[Trait("Category", "Slow")]
public sealed class PowerCutTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task KeyRotation_KilledAtAnyMoment_LeavesTheOldStateOrTheNewOne()
    {
        await using var server = await ApiProcess.StartAsync();
        using var admin = Http(server, server.ApiKey);
        var key = await CreateAsync(admin);
        var (value, rotations) = (key.Value!, 0);
        foreach (var milliseconds in new[] { 0, 15 })
        {
            // The first one loads Entity Framework; those that follow are cut at another place each.
            var begun = new TaskCompletionSource();
            var rotating = Task.Run(() => RotateUntilItBreaksAsync(admin, key.Id, begun), Cancellation);
            await begun.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
            await Task.Delay(milliseconds, Cancellation);
            await server.RestartAsync();
            var (last, answered) = await rotating;
            rotations += answered;
            value = last ?? value;
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, value));
        }

        Assert.True(rotations > 0);
        var page = await admin.GetFromJsonAsync<AuditPage>("/v1/audit_events?limit=1000", StipJson.Wire, Cancellation);
        var logged = page!.Data.Count(act => act.Type == AuditEventTypes.KeyRotated);
        // At most one a kill was stored and not answered.
        Assert.InRange(logged, rotations, rotations + 2);
    }

    [Fact(Explicit = true)]
    public async Task Upload_KilledInTheMiddleOfAPart_GoesOnWhereItWas()
    {
        await using var server = await ApiProcess.StartAsync();
        using var http = Http(server, server.ApiKey);
        var file = RandomNumberGenerator.GetBytes(3 << 20);
        var half = file.Length / 2;
        var upload = await PostAsync<UploadObject>(http, StipRoutes.Uploads, JsonContent.Create(
            new UploadCreateRequest(
                "model.onnx", file.Length, UploadCreateRequest.StipPackage,
                Convert.ToHexStringLower(SHA256.HashData(file))),
            options: StipJson.Wire));
        var parts = $"{StipRoutes.Uploads}/{upload.Id}/parts";
        await PostAsync<UploadPartObject>(http, parts, Raw(file.AsMemory(0, half)));

        using (var broken = await SendHalfAsync(server, parts, file.AsMemory(half)))
        {
            await server.RestartAsync();
        }

        var there = await http.GetFromJsonAsync<UploadObject>(
            $"{StipRoutes.Uploads}/{upload.Id}", StipJson.Wire, Cancellation);
        Assert.Equal(half, there!.BytesReceived);
        await PostAsync<UploadPartObject>(http, $"{parts}?offset={half}", Raw(file.AsMemory(half)));
        var done = await PostAsync<UploadObject>(http, $"{StipRoutes.Uploads}/{upload.Id}/complete", null);
        Assert.Equal(UploadObject.Completed, done.Status);
    }

    [Fact(Explicit = true)]
    public async Task Client_ThatIsSlowOrGone_IsLetGoOfAndOthersAreServed()
    {
        await using var server = await ApiProcess.StartAsync(
            new Dictionary<string, string> { ["Stip__Api__Limits__GraceSeconds"] = "2" });
        using (var gone = await SendHalfAsync(server, StipRoutes.Completions, new byte[1000]))
        {
            // Closed by the end of this block, in the middle of its body.
        }

        using var slow = await SendHalfAsync(server, StipRoutes.Completions, new byte[1000]);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        var answer = new byte[4096];
        var reading = slow.ReceiveAsync(answer, SocketFlags.None, patience.Token).AsTask();
        while (!reading.IsCompleted)
        {
            await Task.WhenAny(reading, Task.Delay(TimeSpan.FromSeconds(1), patience.Token));
            if (!reading.IsCompleted)
            {
                await slow.SendAsync(new byte[1], SocketFlags.None, patience.Token);
            }
        }

        var text = Encoding.UTF8.GetString(answer, 0, await reading);
        Assert.True(text.Length == 0 || text.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), text);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, server.ApiKey));
    }

    private static async Task<(string? Value, int Answered)> RotateUntilItBreaksAsync(
        HttpClient admin, string id, TaskCompletionSource begun)
    {
        string? value = null;
        for (var answered = 0; ; answered++)
        {
            try
            {
                var rotated = await PostAsync<ApiKeyObject>(
                    admin, $"{StipRoutes.ApiKeys}/{id}/rotate",
                    JsonContent.Create(new ApiKeyRotateRequest(3600), options: StipJson.Wire));
                value = rotated.Value;
                begun.TrySetResult();
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                return (value, answered);
            }
        }
    }

    private static Task<ApiKeyObject> CreateAsync(HttpClient admin) => PostAsync<ApiKeyObject>(
        admin, StipRoutes.ApiKeys,
        JsonContent.Create(new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer]), options: StipJson.Wire));

    private static async Task<T> PostAsync<T>(HttpClient http, string path, HttpContent? body)
    {
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), body, Cancellation);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<T>(StipJson.Wire, Cancellation))!;
    }

    private static async Task<HttpStatusCode> StatusAsync(ApiProcess server, string key)
    {
        using var http = Http(server, key);
        using var answer = await http.GetAsync(new Uri(StipRoutes.Models, UriKind.Relative), Cancellation);
        return answer.StatusCode;
    }

    // A request whose body stops in the middle; the connection stays open until it is disposed of.
    private static async Task<Socket> SendHalfAsync(ApiProcess server, string path, ReadOnlyMemory<byte> body)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, server.Endpoint.Port, Cancellation);
        var head = $"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.ApiKey}\r\n"
            + $"Content-Type: application/octet-stream\r\nContent-Length: {body.Length}\r\n\r\n";
        if (path == StipRoutes.Completions)
        {
            head = head.Replace("application/octet-stream", "application/json", StringComparison.Ordinal);
        }

        await socket.SendAsync(Encoding.ASCII.GetBytes(head), SocketFlags.None, Cancellation);
        await socket.SendAsync(body[..(body.Length / 2)], SocketFlags.None, Cancellation);
        return socket;
    }

    private static ReadOnlyMemoryContent Raw(ReadOnlyMemory<byte> bytes) => new(bytes)
    {
        Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") },
    };

    private static HttpClient Http(ApiProcess server, string key) => new()
    {
        BaseAddress = server.Endpoint,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
    };
}
