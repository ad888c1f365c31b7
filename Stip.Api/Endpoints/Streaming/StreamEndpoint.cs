using System.Net.WebSockets;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Registry.ApiKeys;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Streaming;

/// <summary><c>GET /v1/permuted/completions/stream</c>: the steps of completions as messages of a WebSocket, one at a
/// time; what does not change is said once a connection.</summary>
internal sealed class StreamEndpoint(
    StepDesk desk, ApiKeyStore keys, TimeProvider clock, IHostApplicationLifetime lifetime)
{
    /// <summary>A message that has begun must be here after this time.</summary>
    private static readonly TimeSpan MessagePatience = TimeSpan.FromMinutes(1);

    // A close frame has room for 123 bytes, and a character takes up to three.
    private const int MostReasonCharacters = 41;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(StipRoutes.CompletionStream, (HttpContext context, StreamEndpoint endpoint) =>
                endpoint.HandleAsync(context))
            .RequireScope(ApiKeyScopes.Infer)
            .WithTags("Inference")
            .WithSummary("The same over a WebSocket: one binary safetensors message a step, one a answer")
            .Produces(StatusCodes.Status101SwitchingProtocols).Refuses(400, 401, 403);

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
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, lifetime.ApplicationStopping);
        var key = context.ApiKey();
        using var steps = new StreamedSteps(socket, desk, key);
        try
        {
            await ServeAsync(context, socket, steps, key, ending.Token);
            await CloseAsync(socket, WebSocketCloseStatus.NormalClosure, "");
        }
        catch (InvalidDataException e)
        {
            await CloseAsync(socket, WebSocketCloseStatus.InvalidPayloadData, e.Message);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await CloseAsync(socket, WebSocketCloseStatus.EndpointUnavailable, "the server stops");
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException)
        {
            // The other end is gone; its session waits for its lease.
            socket.Abort();
        }
    }

    private async Task ServeAsync(
        HttpContext context, WebSocket socket, StreamedSteps steps, ApiKeyRecord key, CancellationToken cancellation)
    {
        var writer = new StreamWriter(socket, context.TraceIdentifier, clock);
        while (await steps.BeginAsync(cancellation))
        {
            var started = clock.GetTimestamp();
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(MessagePatience);
            var read = await steps.ReadAsync(patience.Token);
            if (!keys.IsGood(key))
            {
                await writer.RefuseAsync(
                    new Refusal(StipErrorCode.InvalidApiKey, "the API key is expired or revoked"), cancellation);
                return;
            }

            if (!read.Is(out var prepared, out var refusal))
            {
                await writer.RefuseAsync(refusal, cancellation);
                continue;
            }

            using (prepared)
            {
                var outcome = await prepared.Decoder.StepAsync(key.Id, prepared.Step, cancellation);
                if (!outcome.Is(out var answer, out refusal))
                {
                    await writer.RefuseAsync(refusal, cancellation);
                    continue;
                }

                using (answer)
                {
                    await writer.AnswerAsync(prepared.Step.Declaration, answer, started, cancellation);
                }
            }
        }
    }

    private static async Task CloseAsync(WebSocket socket, WebSocketCloseStatus status, string reason)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            try
            {
                var shown = reason.Length > MostReasonCharacters ? reason[..MostReasonCharacters] : reason;
                await socket.CloseOutputAsync(status, shown, patience.Token);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException)
            {
                socket.Abort();
            }
        }
    }
}
