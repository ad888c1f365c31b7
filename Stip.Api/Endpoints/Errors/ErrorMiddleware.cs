using System.Text.Json;
using Stip.Api.Engine;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Errors;

/// <summary>Gives every failure the contract's form, whatever part of the server it came from.</summary>
internal sealed class ErrorMiddleware(RequestDelegate next, ILogger<ErrorMiddleware> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return;
        }
        catch (Exception e) when (!context.Response.HasStarted && Expected(e) is not null)
        {
            var (refusal, status) = Expected(e)!.Value;
            await ErrorAnswer.WriteAsync(context, refusal, status);
            return;
        }
#pragma warning disable CA1031 // Whatever it was, the caller gets an answer and the server goes on.
        catch (Exception e) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            log.LogError(e, "A request failed");
            var refusal = new Refusal(
                StipErrorCode.InternalError, "the server failed; the request id finds the reason in its log");
            await ErrorAnswer.WriteAsync(context, refusal);
            return;
        }

        if (Bare(context) is { } bare)
        {
            await ErrorAnswer.WriteAsync(context, bare, context.Response.StatusCode);
        }
    }

    private static (Refusal Refusal, int? Status)? Expected(Exception exception) => exception switch
    {
        GraphRefusedException e => (new Refusal(StipErrorCode.PackageInvalid, e.Message, "model"), null),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => (
            new Refusal(StipErrorCode.PayloadTooLarge, "the body is larger than this route accepts"), null),
        BadHttpRequestException { InnerException: JsonException e } => (MalformedJson(e), null),
        BadHttpRequestException e => (new Refusal(StipErrorCode.InvalidRequest, e.Message), e.StatusCode),
        JsonException e => (MalformedJson(e), null),
        InvalidDataException e => (new Refusal(StipErrorCode.InvalidRequest, e.Message), null),
        _ => null,
    };

    private static Refusal MalformedJson(JsonException e) => new(
        StipErrorCode.InvalidRequest,
        e.Path is { Length: > 2 } path
            ? $"the body's {path[2..]} is missing or not of its type"
            : "the body is not JSON of this form",
        e.Path is { Length: > 2 } ? e.Path[2..] : null);

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
                new Refusal(StipErrorCode.NotFound, $"there is no route {method} {Shown(path)}"),
            StatusCodes.Status405MethodNotAllowed => new Refusal(
                StipErrorCode.InvalidRequest, $"{Shown(path)} takes {response.Headers.Allow}, not {method}"),
            StatusCodes.Status415UnsupportedMediaType => new Refusal(
                StipErrorCode.InvalidRequest, $"content type '{Shown(context.Request.ContentType)}' is not taken here"),
            StatusCodes.Status413PayloadTooLarge => new Refusal(
                StipErrorCode.PayloadTooLarge, "the body is larger than this route accepts"),
            < 500 => new Refusal(StipErrorCode.InvalidRequest, "the request is not of this form"),
            _ => null,
        };
    }

    private static string Shown(string? text) => text is { Length: > 100 } ? text[..100] + "…" : text ?? "";
}
