using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>Everything of a step but its numbers, judged before they are read.</summary>
internal sealed class StepDeclaration
{
    private const double MinTemperature = 1e-6;
    private const double MaxTemperature = 1e6;

    private StepDeclaration(DecoderSnapshot decoder, CompletionRequest request, TensorDtype dtype, int maxLength)
    {
        Decoder = decoder;
        Dtype = dtype;
        RowCount = (int)request.PromptEmbeds.Shape[0];
        SessionId = request.SessionId;
        Position = request.Position ?? 0;
        MaxLength = maxLength;
        Keep = request.Keep;
        Logits = request.Logits ?? new LogitsRequest();
    }

    public DecoderSnapshot Decoder { get; }

    public TensorDtype Dtype { get; }

    public int RowCount { get; }

    public string? SessionId { get; }

    public int Position { get; }

    /// <summary>Longest cache of a new session.</summary>
    public int MaxLength { get; }

    public bool Keep { get; }

    public LogitsRequest Logits { get; }

    public bool AllRows => Logits.Rows == LogitsRequest.All;

    public int WantedRows => AllRows ? RowCount : 1;

    public int DataBytes => RowCount * Decoder.HiddenSize * Dtype.ByteSize();

    public int LogitsBytes => WantedRows * Decoder.VocabSize * Decoder.LogitsDtype.ByteSize();

    /// <summary>Judges the fields and the declared tensor.</summary>
    public static Outcome<StepDeclaration> Judge(
        DecoderSnapshot decoder, CompletionRequest request, EngineOptions options)
    {
        if (!JudgeLength(decoder, request.MaxLength, options).Is(out var maxLength, out var lengthRefusal))
        {
            return lengthRefusal;
        }

        if (JudgeRows(decoder, request.PromptEmbeds, maxLength, out var dtype) is { } rowsRefusal)
        {
            return rowsRefusal;
        }

        if (JudgePlace(request) is { } placeRefusal)
        {
            return placeRefusal;
        }

        if (JudgeLogits(decoder, request.Logits) is { } logitsRefusal)
        {
            return logitsRefusal;
        }

        var wanted = request.Logits?.Rows == LogitsRequest.All ? request.PromptEmbeds.Shape[0] : 1;
        var answerBytes = wanted * decoder.VocabSize * decoder.LogitsDtype.ByteSize();
        return answerBytes <= (long)options.MaxAnswerMegabytes << 20
            ? new StepDeclaration(decoder, request, dtype, maxLength)
            : Invalid(
                $"logits of {wanted} rows are {answerBytes >> 20} MiB, at most {options.MaxAnswerMegabytes} are given",
                "logits.rows");
    }

    /// <summary>The longest cache of a new session: what is asked for, or all that is allowed.</summary>
    public static Outcome<int> JudgeLength(DecoderSnapshot decoder, int? maxLength, EngineOptions options)
    {
        var limit = options.MaxLength == 0 ? decoder.ContextLength : Math.Min(options.MaxLength, decoder.ContextLength);
        if (maxLength is null || (maxLength >= 1 && maxLength <= limit))
        {
            return maxLength ?? limit;
        }

        var code = maxLength < 1 ? StipErrorCode.InvalidRequest : StipErrorCode.ContextLengthExceeded;
        return new Refusal(code, $"max_length {maxLength} is outside 1..{limit}", "max_length");
    }

    private static Refusal? JudgeRows(
        DecoderSnapshot decoder, TensorPayload? rows, int maxLength, out TensorDtype dtype)
    {
        dtype = default;
        if (rows?.Shape is not { } shape)
        {
            return Invalid("prompt_embeds with dtype, shape and data is required", CompletionFields.PromptEmbeds);
        }

        if (!TensorDtypes.TryParseWire(rows.Dtype, out dtype) || !dtype.IsWireFloat())
        {
            return new Refusal(
                StipErrorCode.UnsupportedDtype,
                $"dtype '{Quoted.Text(rows.Dtype)}' is not float32, float16 or bfloat16",
                "prompt_embeds.dtype");
        }

        if (shape.Count != 2 || shape[1] != decoder.HiddenSize || shape[0] < 1)
        {
            return new Refusal(
                StipErrorCode.ShapeMismatch,
                $"prompt_embeds has shape [{string.Join(", ", shape.Take(8))}], "
                + $"the model takes [n, {decoder.HiddenSize}], n ≥ 1",
                "prompt_embeds.shape");
        }

        return shape[0] <= maxLength && shape[0] <= decoder.ContextLength
            ? null
            : TooLong(shape[0], Math.Min(maxLength, decoder.ContextLength));
    }

    private static Refusal? JudgePlace(CompletionRequest request) => request switch
    {
        { Position: < 0 } => Invalid($"position {request.Position} is below 0", "position"),
        { SessionId: not null, Position: null } => Invalid("position is required with session_id", "position"),
        { SessionId: null, Position: > 0 } => new Refusal(
            StipErrorCode.PositionAhead, $"position {request.Position} is ahead of a new session, which is at 0",
            "position"),
        _ => null,
    };

    private static Refusal? JudgeLogits(DecoderSnapshot decoder, LogitsRequest? logits) => logits switch
    {
        null => null,
        { TopK: not null } when decoder.MaxTopK == 0 => Invalid(
            $"top_k {logits.TopK} is refused: this model gives full rows only (top_k null)", "logits.top_k"),
        { TopK: { } topK } when topK < 1 || topK > decoder.MaxTopK => Invalid(
            $"top_k {topK} is outside 1..{decoder.MaxTopK}", "logits.top_k"),
        { Rows: not (LogitsRequest.Last or LogitsRequest.All) } => Invalid(
            $"rows '{Quoted.Text(logits.Rows)}' is neither 'last' nor 'all'", "logits.rows"),
        { Temperature: not (>= MinTemperature and <= MaxTemperature) } => Invalid(
            FormattableString.Invariant(
                $"temperature {logits.Temperature} is outside {MinTemperature}..{MaxTemperature}"),
            "logits.temperature"),
        _ => null,
    };

    internal static Refusal TooLong(long tokens, int limit) => new(
        StipErrorCode.ContextLengthExceeded, $"{tokens} tokens are more than the {limit} that this session can hold",
        CompletionFields.PromptEmbeds);

    private static Refusal Invalid(string message, string param) => new(StipErrorCode.InvalidRequest, message, param);
}
