using System.Text.Json;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>An answer as server-sent events.</summary>
internal sealed class StreamedAnswer(HttpContext context, AnswerJobs jobs, IAnswerShape shape, bool includesUsage)
{
    private static readonly TimeSpan DeliveryTime = TimeSpan.FromMilliseconds(200);

    private readonly bool[] _started = new bool[jobs.Count];
    private int _completionTokens;

    public async Task WriteAsync()
    {
        await using var parts = jobs.RunAsync(context.RequestAborted).GetAsyncEnumerator();
        // A refusal before the first token is an ordinary refusal.
        var isMore = await parts.MoveNextAsync();
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        try
        {
            for (; isMore; isMore = await parts.MoveNextAsync())
            {
                await WriteAsync(parts.Current);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }

            if (includesUsage)
            {
                await SendAsync(shape.Usage(AnswerUsage.Of(jobs.PromptTokens, _completionTokens)));
            }

            await SendAsync("[DONE]");
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
        catch (Exception fault) when (!context.RequestAborted.IsCancellationRequested)
        {
            var refusal = OpenAiException.From(fault);
            await BreakOffAsync(refusal ?? OpenAiException.Bug());
            if (refusal is null)
            {
                BugLog.Write(context, fault);
            }
        }
    }

    private async Task WriteAsync(AnswerPart part)
    {
        _completionTokens++;
        if (!_started[part.Index])
        {
            _started[part.Index] = true;
            foreach (var chunk in shape.Start(part.Index))
            {
                await SendAsync(chunk);
            }
        }

        if (part.Token.Text.Length > 0 || part.Token.Logprobs is not null)
        {
            await SendAsync(shape.Text(part.Index, part.Token));
        }

        if (part.FinishReason is not null)
        {
            foreach (var chunk in shape.End(part))
            {
                await SendAsync(chunk);
            }
        }
    }

    /// <summary>Says why, then breaks the connection: a client that overlooks the event must not take the stump for the
    /// whole.</summary>
    private async Task BreakOffAsync(OpenAiException refusal)
    {
        await SendAsync(ErrorAnswers.Json(refusal));
        await context.Response.Body.FlushAsync(context.RequestAborted);
        // Flushing hands the bytes to the transport, and breaking off drops what it has not sent yet.
        await Task.Delay(DeliveryTime, context.RequestAborted);
        context.Abort();
    }

    private Task SendAsync(object chunk) =>
        SendAsync(JsonSerializer.Serialize(chunk, chunk.GetType(), OpenAiJson.Options));

    private Task SendAsync(string data) => context.Response.WriteAsync($"data: {data}\n\n", context.RequestAborted);
}
