using Microsoft.Extensions.Options;
using Stip.Api.Registry;

namespace Stip.Api.Endpoints.Limits;

/// <summary>Ends an answer that its client takes for too long, however steadily. It counts from the answer's first
/// byte, so that neither a queue nor a long prompt is held against anybody; a WebSocket's messages have a time of their
/// own.</summary>
internal sealed class AnswerLimitMiddleware(RequestDelegate next, IOptions<LimitOptions> limits, TimeProvider clock)
{
    private readonly TimeSpan _longest = TimeSpan.FromSeconds(limits.Value.AnswerSeconds);

    public Task InvokeAsync(HttpContext context) =>
        _longest == TimeSpan.Zero || context.WebSockets.IsWebSocketRequest ? next(context) : LimitAsync(context);

    // Refusals and bodiless answers begin after this has returned, so the watch lives as long as the response.
    private Task LimitAsync(HttpContext context)
    {
        var watch = new AnswerWatch(context, _longest, clock);
        context.Response.RegisterForDisposeAsync(watch);
        context.Response.OnStarting(static watch => ((AnswerWatch)watch).BeginAsync(), watch);
        return next(context);
    }
}
