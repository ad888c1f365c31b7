using System.Text.Json;
using Stip.Gateway.OpenAi.Requests;
using Stip.Gateway.OpenAi.Steps;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>An answer as server-sent events.</summary>
internal sealed class StreamedAnswer(HttpContext context, AnswerJobs jobs, IAnswerShape shape, AnswerRequest request)
{
    private readonly EventStream _events = new(context);
    private readonly bool[] _started = new bool[jobs.Count];
    private int _completionTokens;

    public async Task WriteAsync()
    {
        await using var parts = jobs.RunAsync(context.RequestAborted).GetAsyncEnumerator();
        // A refusal before the first token is an ordinary refusal.
        var isMore = await parts.MoveNextAsync();
        _events.Begin();
        await _events.GuardAsync(
            () => WriteAsync(parts, isMore), refusal => _events.SendAsync(ErrorAnswers.Json(refusal)));
    }

    private async Task WriteAsync(IAsyncEnumerator<AnswerPart> parts, bool isMore)
    {
        for (; isMore; isMore = await parts.MoveNextAsync())
        {
            foreach (var step in request.Steps?.Drain() ?? [])
            {
                await SendAsync(shape.Step(step));
            }

            await WriteAsync(parts.Current);
            await _events.FlushAsync();
        }

        if (request.IncludesUsage)
        {
            await SendAsync(shape.Usage(AnswerUsage.Of(jobs.PromptTokens, _completionTokens)));
        }

        await _events.SendAsync("[DONE]");
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

        if (part.Token.Text.Length > 0 || part.Listed.Count > 0)
        {
            await SendAsync(shape.Text(part));
        }

        foreach (var call in shape.Calls(part))
        {
            await SendAsync(call);
        }

        if (part.FinishReason is null)
        {
            return;
        }

        if (request.Steps is not null && part.Token.Usage is { } sums)
        {
            await SendAsync(shape.Step(StepView.Of(part.Index, sums)));
        }

        await SendAsync(shape.End(part));
    }

    private Task SendAsync(object chunk) =>
        _events.SendAsync(JsonSerializer.Serialize(chunk, chunk.GetType(), OpenAiJson.Options));
}
