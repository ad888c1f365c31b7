namespace Stip.Gateway.OpenAi;

/// <summary>Writes server-sent events, and breaks off where an answer fails in the middle.</summary>
internal sealed class EventStream(HttpContext context)
{
    private static readonly TimeSpan DeliveryTime = TimeSpan.FromMilliseconds(200);

    public void Begin()
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
    }

    public Task SendAsync(string data, string? type = null) => context.Response.WriteAsync(
        type is null ? $"data: {data}\n\n" : $"event: {type}\ndata: {data}\n\n", context.RequestAborted);

    public Task FlushAsync() => context.Response.Body.FlushAsync(context.RequestAborted);

    /// <summary>Runs the answer; where it fails, says why and then breaks the connection: a client that overlooks the
    /// event must not take the stump for the whole.</summary>
    /// <param name="answer">Writes events.</param>
    /// <param name="explain">Writes the event that says why.</param>
    public async Task GuardAsync(Func<Task> answer, Func<OpenAiException, Task> explain)
    {
        try
        {
            await answer();
            await FlushAsync();
        }
        catch (Exception fault) when (!context.RequestAborted.IsCancellationRequested)
        {
            var refusal = OpenAiException.From(fault);
            if (refusal is null)
            {
                BugLog.Write(context, fault);
            }

            await explain(refusal ?? OpenAiException.Bug());
            await FlushAsync();
            // Flushing hands the bytes to the transport, and breaking off drops what it has not sent yet.
            await Task.Delay(DeliveryTime, context.RequestAborted);
            context.Abort();
        }
    }
}
