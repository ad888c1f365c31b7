namespace Stip.Api.Endpoints.Errors;

/// <summary>Names every request, for the caller and for the log.</summary>
internal sealed class RequestIdMiddleware(RequestDelegate next)
{
    public const string Header = "x-request-id";

    public Task InvokeAsync(HttpContext context)
    {
        context.TraceIdentifier = "req_" + Guid.CreateVersion7().ToString("N");
        context.Response.Headers[Header] = context.TraceIdentifier;
        return next(context);
    }
}
