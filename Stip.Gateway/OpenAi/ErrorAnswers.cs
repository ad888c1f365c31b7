using System.Globalization;
using System.Text.Json;
using Stip.Gateway.Serving;
using Stip.Protocol.Errors;

namespace Stip.Gateway.OpenAi;

/// <summary>Writes refusals, and gives every answer an id.</summary>
internal static class ErrorAnswers
{
    private const string RequestIdHeader = "x-request-id";

    public static void UseOpenAiErrors(this WebApplication app) => app.Use(async (context, next) =>
    {
        context.Response.Headers[RequestIdHeader] = "req_" + Guid.NewGuid().ToString("N");
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response.StatusCode is 404 or 405 or 415)
            {
                await WriteAsync(context, NoSuchRoute(context));
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody reads an answer any more.
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, Judge(fault) ?? Bug(fault, app.Logger));
        }
        catch (Exception fault)
        {
            // Whoever logs what comes out of here would log its message.
            BugLog.Write(app.Logger, fault);
            context.Abort();
        }
    });

    /// <summary>The <c>error</c> object as JSON.</summary>
    public static string Json(OpenAiException refusal) =>
        JsonSerializer.Serialize(new { error = refusal.Body }, OpenAiJson.Options);

    private static OpenAiException? Judge(Exception fault) => fault switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new OpenAiException(
            StatusCodes.Status413PayloadTooLarge, StipErrorCode.PayloadTooLarge.Name(),
            $"the body is larger than the {GatewayApplication.MostBodyBytes} bytes that the gateway takes"),
        BadHttpRequestException bad => new OpenAiException(
            bad.StatusCode, StipErrorCode.InvalidRequest.Name(), "the request cannot be read"),
        _ => OpenAiException.From(fault),
    };

    private static OpenAiException Bug(Exception fault, ILogger logger)
    {
        BugLog.Write(logger, fault);
        return OpenAiException.Bug();
    }

    private static OpenAiException NoSuchRoute(HttpContext context) => new(
        context.Response.StatusCode,
        StipErrorCode.NotFound.Name(),
        $"{context.Request.Method} {context.Request.Path} is not served here");

    private static async Task WriteAsync(HttpContext context, OpenAiException refusal)
    {
        context.Response.StatusCode = refusal.Status;
        context.Response.ContentType = "application/json";
        if (refusal.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter =
                ((long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        await context.Response.WriteAsync(Json(refusal), context.RequestAborted);
    }
}
