using System.Net.WebSockets;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Endpoints.Limits;
using Stip.Api.Engine;
using Stip.Api.Registry.ApiKeys;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Streaming;

/// <summary><c>GET /v1/permuted/completions/stream</c>: the steps of completions as messages of a WebSocket, one at a
/// time; what does not change is said once a connection.</summary>
internal sealed class StreamEndpoint(
    StepDesk desk,
    KeyDirectory keys,
    KeyLimits limits,
    TimeProvider clock,
    EngineMetrics metrics,
    IHostApplicationLifetime lifetime,
    ILogger<StreamEndpoint> log)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(StipRoutes.CompletionStream, ServeAsync)
            .RequireScope(ApiKeyScopes.Infer)
            .WithTags("Inference")
            .WithSummary("The same over a WebSocket: one binary safetensors message a step, one a answer")
            .Produces(StatusCodes.Status101SwitchingProtocols).Refuses(400, 401, 403, 429);
        // Over HTTP/2 a WebSocket begins with CONNECT (RFC 8441), a method that no OpenAPI document knows.
        routes.MapMethods(StipRoutes.CompletionStream, [HttpMethods.Connect], ServeAsync)
            .RequireScope(ApiKeyScopes.Infer).ExcludeFromDescription();
    }

    private static Task ServeAsync(HttpContext context, StreamEndpoint endpoint) => endpoint.HandleAsync(context);

    private async Task HandleAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await ErrorAnswer.WriteAsync(
                context, new Refusal(StipErrorCode.InvalidRequest, "this route is a WebSocket; POST goes to "
                    + StipRoutes.Completions));
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        try
        {
            await WatchAsync(context, socket);
        }
        catch (InvalidDataException e)
        {
            metrics.CountRefusal(StipErrorCode.InvalidRequest, null);
            await StreamFarewell.CloseAsync(socket, WebSocketCloseStatus.InvalidPayloadData, e.Message);
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException)
        {
            // The other end is gone; its session waits for its lease.
            socket.Abort();
        }
#pragma warning disable CA1031 // After the upgrade nobody else gives the caller an answer.
        catch (Exception e)
#pragma warning restore CA1031
        {
            metrics.CountRefusal(StipErrorCode.InternalError, null);
            BugLog.Write(log, e, context.TraceIdentifier);
            await StreamFarewell.CloseAsync(
                socket, WebSocketCloseStatus.InternalServerError, $"the server failed: {context.TraceIdentifier}");
        }
    }

    // Ends it when the key goes or the server stops.
    private async Task WatchAsync(HttpContext context, WebSocket socket)
    {
        var grant = context.ApiKeyGrant();
        var writer = new StreamWriter(socket, context.TraceIdentifier, clock, metrics);
        using var gate = new StreamGate(socket, writer);
        await using var whenGone = keys.Watch(grant).Register(() => gate.Ask(StreamEnd.KeyGone));
        await using var whenStopped = lifetime.ApplicationStopping.Register(() => gate.Ask(StreamEnd.Stopping));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, gate.Leaving);
        using var service = new StreamService(socket, desk, keys, grant, writer, limits, clock);
        if (await service.ServeAsync(gate, ending.Token))
        {
            await StreamFarewell.CloseAsync(socket, WebSocketCloseStatus.NormalClosure, "");
        }
    }
}
