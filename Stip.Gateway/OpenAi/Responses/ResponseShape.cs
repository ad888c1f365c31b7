using System.Text;
using System.Text.Json;
using Stip.Gateway.OpenAi.Answers;
using Stip.Gateway.OpenAi.Requests;

namespace Stip.Gateway.OpenAi.Responses;

/// <summary>The <c>response</c> object, as it grows, and its output message.</summary>
internal sealed class ResponseShape(AnswerRequest request, RequestFields fields, int promptTokens, long created)
{
    private const string InProgress = "in_progress";

    private readonly string _id = $"resp_{Guid.NewGuid():N}";
    private readonly StringBuilder _text = new();
    private int _completionTokens;
    private string? _finishReason;

    public string MessageId { get; } = $"msg_{Guid.NewGuid():N}";

    public string Text => _text.ToString();

    /// <summary>The answer ended because it was as long as allowed.</summary>
    public bool IsCut => _finishReason == "length";

    public string Status => _finishReason is null ? InProgress : IsCut ? "incomplete" : "completed";

    public void Add(AnswerPart part)
    {
        _text.Append(part.Token.Text);
        _completionTokens++;
        _finishReason = part.FinishReason;
    }

    public static object Part(string text) => new
    {
        Type = "output_text",
        Text = text,
        Annotations = Array.Empty<object>(),
        Logprobs = Array.Empty<object>(),
    };

    public object Message(bool isEmpty) => new
    {
        Id = MessageId,
        Type = "message",
        Status = isEmpty ? InProgress : Status,
        Role = "assistant",
        Content = isEmpty ? [] : new[] { Part(Text) },
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
        Output = _finishReason is null ? [] : new[] { Message(isEmpty: false) },
        ParallelToolCalls = false,
        PreviousResponseId = (string?)null,
        Store = false,
        request.Options.Sampling.Temperature,
        request.Options.Sampling.TopP,
        Text = fields.Find("text") is { } text ? (object)text : new { Format = new { Type = "text" } },
        ToolChoice = "none",
        Tools = Array.Empty<object>(),
        Truncation = "disabled",
        Metadata = fields.Find("metadata") ?? JsonDocument.Parse("{}").RootElement,
        Usage = _finishReason is null ? null : new
        {
            InputTokens = promptTokens,
            InputTokensDetails = new { CachedTokens = 0 },
            OutputTokens = _completionTokens,
            OutputTokensDetails = new { ReasoningTokens = 0 },
            TotalTokens = promptTokens + _completionTokens,
        },
    };
}
