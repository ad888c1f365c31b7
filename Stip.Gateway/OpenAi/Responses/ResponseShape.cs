using System.Text;
using System.Text.Json;
using Stip.Client.Tools;
using Stip.Gateway.OpenAi.Answers;
using Stip.Gateway.OpenAi.Requests;
using Stip.Gateway.OpenAi.Tools;

namespace Stip.Gateway.OpenAi.Responses;

/// <summary>The <c>response</c> object, as it grows, and its output: a message, calls, or both.</summary>
internal sealed class ResponseShape(AnswerRequest request, RequestFields fields, int promptTokens, long created)
{
    private const string InProgress = "in_progress";
    private const string Completed = "completed";

    private static readonly JsonElement NoMetadata = JsonDocument.Parse("{}").RootElement;

    private readonly string _id = $"resp_{Guid.NewGuid():N}";
    private readonly StringBuilder _text = new();
    private readonly TokenNames _names = new(request.Model.Bundle.Tokenizer);
    private readonly List<object> _logprobs = [];
    private int _sentLogprobs;
    private readonly List<(string Id, ToolCall Call)> _calls = [];
    private int _completionTokens;
    private string? _finishReason;

    public string MessageId { get; } = $"msg_{Guid.NewGuid():N}";

    public string Text => _text.ToString();

    /// <summary>Whether there is a message: an answer of calls alone has none.</summary>
    public bool HasMessage => _text.Length > 0 || _calls.Count == 0;

    /// <summary>The answer ended because it was as long as allowed.</summary>
    public bool IsCut => _finishReason == "length";

    public string Status => _finishReason is null ? InProgress : IsCut ? "incomplete" : Completed;

    /// <returns>The calls that it brought, each with the id of its item.</returns>
    public IReadOnlyList<(string Id, ToolCall Call)> Add(AnswerPart part)
    {
        _text.Append(part.Token.Text);
        _completionTokens++;
        _logprobs.AddRange(part.Listed.Select(token => _names.Chat(token.Logprobs!)));
        _finishReason = part.FinishReason;
        var calls = part.Calls.Select(call => ($"fc_{Guid.NewGuid():N}", call)).ToList();
        _calls.AddRange(calls);
        return calls;
    }

    /// <summary>Log probabilities of all tokens so far, where they were asked for.</summary>
    public object[] Logprobs() => [.. _logprobs];

    /// <summary>Those that came since it was last asked for them.</summary>
    public object[] NewLogprobs()
    {
        object[] news = [.. _logprobs.Skip(_sentLogprobs)];
        _sentLogprobs = _logprobs.Count;
        return news;
    }

    public object Part(bool isEmpty) => new
    {
        Type = "output_text",
        Text = isEmpty ? "" : Text,
        Annotations = Array.Empty<object>(),
        Logprobs = isEmpty ? [] : Logprobs(),
    };

    public object Message(bool isEmpty) => new
    {
        Id = MessageId,
        Type = "message",
        Status = isEmpty ? InProgress : Status,
        Role = "assistant",
        Content = isEmpty ? [] : new[] { Part(isEmpty: false) },
    };

    public static object CallItem(string id, ToolCall call, bool isEmpty) => new
    {
        Id = id,
        Type = "function_call",
        Status = isEmpty ? InProgress : Completed,
        CallId = call.Id,
        call.Name,
        Arguments = isEmpty ? "" : call.Arguments,
    };

    public object Response(object? error = null) => new
    {
        Id = _id,
        Object = "response",
        CreatedAt = created,
        Status = error is null ? Status : "failed",
        Error = error,
        IncompleteDetails = IsCut ? new { Reason = "max_output_tokens" } : null,
        Instructions = fields.Find("instructions"),
        MaxOutputTokens = request.Options.MaxNewTokens,
        Model = request.Model.Id,
        Output = _finishReason is null ? [] : Output(),
        ParallelToolCalls = ToolFields.AllowsSeveral(fields),
        PreviousResponseId = (string?)null,
        Store = false,
        request.Options.Sampling.Temperature,
        request.Options.Sampling.TopP,
        TopLogprobs = request.Options.TopLogprobs ?? 0,
        Text = fields.Find("text") is { } text ? (object)text : new { Format = new { Type = "text" } },
        ToolChoice = fields.Find("tool_choice") is { } choice ? (object)choice : "auto",
        Tools = fields.Find("tools") is { } tools ? (object)tools : Array.Empty<object>(),
        Truncation = "disabled",
        Metadata = fields.Find("metadata") ?? NoMetadata,
        Usage = _finishReason is null ? null : new
        {
            InputTokens = promptTokens,
            InputTokensDetails = new { CachedTokens = 0 },
            OutputTokens = _completionTokens,
            OutputTokensDetails = new { ReasoningTokens = 0 },
            TotalTokens = promptTokens + _completionTokens,
        },
    };

    private object[] Output()
    {
        object[] message = HasMessage ? [Message(isEmpty: false)] : [];
        return [.. message, .. _calls.Select(item => CallItem(item.Id, item.Call, isEmpty: false))];
    }
}
