using Microsoft.AspNetCore.Connections;
using Stip.Api.Engine;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Errors;

/// <summary>Gives every failure the contract's form, whatever part of the server it came from.</summary>
internal sealed class ErrorMiddleware(RequestDelegate next, ILogger<ErrorMiddleware> log)
{
    /// <summary>What a caller hears of a bug.</summary>
    public static Refusal Bug { get; } = new(
        StipErrorCode.InternalError, "the server failed; the request id finds the reason in its log");

    public async Task InvokeAsync(HttpContext context)
    {
        ResettableBody.Watch(context);
        try
        {
            await next(context);
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException
            || (e is OperationCanceledException && context.RequestAborted.IsCancellationRequested))
        {
            if (context.Response.HasStarted)
            {
                // Nobody may take the stump for the whole.
                context.Abort();
                return;
            }

            // For the log alone: nobody hears it any more.
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return;
        }
        catch (Exception e) when (!context.Response.HasStarted && ExpectedFaults.Of(e) is not null)
        {
            var (refusal, status) = ExpectedFaults.Of(e)!.Value;
            await ErrorAnswer.WriteAsync(context, refusal, status);
            return;
        }
#pragma warning disable CA1031 // Whatever it was, the caller gets an answer and the server goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            BugLog.Write(log, e, context.TraceIdentifier);
            if (context.Response.HasStarted)
            {
                // Nobody may take the stump for the whole.
                context.Abort();
                return;
            }

            await ErrorAnswer.WriteAsync(context, Bug);
            return;
        }

        if (Bare(context) is { } bare)
        {
            await ErrorAnswer.WriteAsync(context, bare, context.Response.StatusCode);
        }
    }

    // Routing and binding answer with a status and no body.
    private static Refusal? Bare(HttpContext context)
    {
        var response = context.Response;
        if (response.StatusCode < 400 || response.HasStarted || response.ContentLength > 0
            || response.ContentType is not null)
        {
            return null;
        }

        var (method, path) = (context.Request.Method, context.Request.Path.Value);
        return response.StatusCode switch
        {
            StatusCodes.Status404NotFound =>
                new Refusal(StipErrorCode.NotFound, $"there is no route {method} {Quoted.Text(path)}"),
            StatusCodes.Status405MethodNotAllowed => new Refusal(
                StipErrorCode.InvalidRequest, $"{Quoted.Text(path)} takes {response.Headers.Allow}, not {method}"),
            StatusCodes.Status415UnsupportedMediaType => new Refusal(
                StipErrorCode.InvalidRequest,
                $"content type '{Quoted.Text(context.Request.ContentType)}' is not taken here"),
            StatusCodes.Status413PayloadTooLarge => new Refusal(
                StipErrorCode.PayloadTooLarge, "the body is larger than this route accepts"),
            < 500 => new Refusal(StipErrorCode.InvalidRequest, "the request is not of this form"),
            _ => null,
        };
    }
}
