using System.Security.Cryptography;
using System.Text;
using Serilog.Events;
using Stip.Api.Registry.ApiKeys;

namespace Stip.Api.Endpoints;

/// <summary>One line a request: who asked what and how long it took; never what was in it.</summary>
/// <remarks>A decode step is a request too, a thousand a second of them: those that went well are lines of the level
/// Debug, as health checks are.</remarks>
internal sealed class RequestLog(RequestDelegate next)
{
    private const string Template =
        "{Method} {Route} {Status} in {Elapsed:0.0} ms, key {KeyId}, model {Model}, rows {Rows}, session {Session}, "
        + "{RequestId}";

    public async Task InvokeAsync(HttpContext context, TimeProvider clock, Serilog.ILogger log)
    {
        var started = clock.GetTimestamp();
        await next(context);
        var status = context.Response.StatusCode;
        var level = status switch
        {
            StatusCodes.Status500InternalServerError => LogEventLevel.Error,
            > StatusCodes.Status500InternalServerError => LogEventLevel.Warning,
            _ => IsQuiet(context) ? LogEventLevel.Debug : LogEventLevel.Information,
        };
        if (log.IsEnabled(level))
        {
            var step = context.Features.Get<StepTrace>();
            log.Write(
                level, Template, context.Request.Method, Route(context), status,
                clock.GetElapsedTime(started).TotalMilliseconds, context.Features.Get<ApiKeyRecord>()?.Id ?? "-",
                step?.Model ?? "-", step?.RowCount ?? 0, Fingerprint(step?.SessionId), context.TraceIdentifier);
        }
    }

    /// <summary>Enough to follow a session through the log, not enough to use it.</summary>
    private static string Fingerprint(string? sessionId) => sessionId is null
        ? "-"
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sessionId)))[..8];

    // The pattern, because a path may hold the id of a session.
    private static string Route(HttpContext context) =>
        (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(no route)";

    private static bool IsQuiet(HttpContext context) => context.Request.Path.StartsWithSegments("/health")
        || (context.Response.StatusCode == StatusCodes.Status200OK
            && context.Features.Get<StepTrace>() is { RowCount: 1, SessionId: not null });
}
