using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Client.Tools;
using Stip.Gateway.OpenAi.Answers;

namespace Stip.Gateway.OpenAi.Responses;

/// <summary>A response as the events that OpenAI's clients know.</summary>
internal sealed class StreamedResponse(HttpContext context, AnswerJobs jobs, ResponseShape shape)
{
    private readonly EventStream _events = new(context);
    private int _sequence;
    private int _callsBefore;
    private bool _hasMessage;

    public async Task WriteAsync()
    {
        await using var parts = jobs.RunAsync(context.RequestAborted).GetAsyncEnumerator();
        // A refusal before the first token is an ordinary refusal.
        var isMore = await parts.MoveNextAsync();
        _events.Begin();
        await _events.GuardAsync(() => WriteAsync(parts, isMore), ExplainAsync);
    }

    private async Task WriteAsync(IAsyncEnumerator<AnswerPart> parts, bool isMore)
    {
        await SendAsync("response.created", new { Response = shape.Response() });
        await SendAsync("response.in_progress", new { Response = shape.Response() });
        var calls = new List<(string Id, ToolCall Call)>();
        for (; isMore; isMore = await parts.MoveNextAsync())
        {
            calls.AddRange(shape.Add(parts.Current));
            if (parts.Current.Token.Text is var text && (text.Length > 0 || parts.Current.Listed.Count > 0))
            {
                await BeginMessageAsync();
                await SendTextAsync(
                    "response.output_text.delta", new { Delta = text, Logprobs = shape.NewLogprobs() });
                await _events.FlushAsync();
            }
        }

        await EndMessageAsync();
        foreach (var (id, call) in calls)
        {
            await SendCallAsync(id, call);
        }

        await SendAsync($"response.{shape.Status}", new { Response = shape.Response() });
    }

    private async Task BeginMessageAsync()
    {
        if (_hasMessage)
        {
            return;
        }

        _hasMessage = true;
        await SendAsync("response.output_item.added", new { OutputIndex = 0, Item = shape.Message(isEmpty: true) });
        await SendTextAsync("response.content_part.added", new { Part = shape.Part(isEmpty: true) });
    }

    private async Task EndMessageAsync()
    {
        if (!shape.HasMessage)
        {
            return;
        }

        await BeginMessageAsync();
        _callsBefore = 1;
        await SendTextAsync("response.output_text.done", new { shape.Text, Logprobs = shape.Logprobs() });
        await SendTextAsync("response.content_part.done", new { Part = shape.Part(isEmpty: false) });
        await SendAsync("response.output_item.done", new { OutputIndex = 0, Item = shape.Message(isEmpty: false) });
    }

    private async Task SendCallAsync(string id, ToolCall call)
    {
        var place = new { ItemId = id, OutputIndex = _callsBefore++ };
        await SendAsync(
            "response.output_item.added",
            new { place.OutputIndex, Item = ResponseShape.CallItem(id, call, isEmpty: true) });
        await SendAsync(
            "response.function_call_arguments.delta",
            new { place.ItemId, place.OutputIndex, Delta = call.Arguments });
        await SendAsync(
            "response.function_call_arguments.done",
            new { place.ItemId, place.OutputIndex, call.Name, call.Arguments });
        await SendAsync(
            "response.output_item.done",
            new { place.OutputIndex, Item = ResponseShape.CallItem(id, call, isEmpty: false) });
    }

    private async Task ExplainAsync(OpenAiException refusal)
    {
        var error = refusal.Body;
        await SendAsync("error", new { error.Code, error.Message, error.Param });
        await SendAsync("response.failed", new { Response = shape.Response(new { error.Code, error.Message }) });
    }

    private Task SendTextAsync(string type, object members) => SendAsync(type, members, new JsonObject
    {
        ["item_id"] = shape.MessageId,
        ["output_index"] = 0,
        ["content_index"] = 0,
    });

    private Task SendAsync(string type, object members, JsonObject? place = null)
    {
        var data = place ?? [];
        data["type"] = type;
        data["sequence_number"] = _sequence++;
        foreach (var (name, value) in JsonSerializer.SerializeToNode(members, OpenAiJson.Options)!.AsObject().ToArray())
        {
            data[name] = value?.DeepClone();
        }

        return _events.SendAsync(data.ToJsonString(OpenAiJson.Options), type);
    }
}
