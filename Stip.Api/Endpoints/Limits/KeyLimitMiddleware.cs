using Stip.Api.Endpoints.Errors;
using Stip.Api.Registry.ApiKeys;

namespace Stip.Api.Endpoints.Limits;

/// <summary>Counts every request that came with a key. A WebSocket is one for as long as it is open; its steps are
/// counted where they are read.</summary>
internal sealed class KeyLimitMiddleware(RequestDelegate next, KeyLimits limits)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<ApiKeyRecord>() is not { } key)
        {
            await next(context);
            return;
        }

        if (limits.TakeRequest(key) is { } tooMany)
        {
            await ErrorAnswer.WriteAsync(context, tooMany);
            return;
        }

        if (!limits.Enter(key).Is(out var running, out var refusal))
        {
            await ErrorAnswer.WriteAsync(context, refusal);
            return;
        }

        using (running)
        {
            await next(context);
        }
    }
}
