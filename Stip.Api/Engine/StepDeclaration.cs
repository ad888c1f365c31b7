using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>Everything of a step but its numbers, judged before they are read.</summary>
internal sealed class StepDeclaration
{
    private const double MinTemperature = 1e-6;
    private const double MaxTemperature = 1e6;

    private StepDeclaration(
        DecoderSnapshot decoder, CompletionRequest request, DeclaredRows rows, DeclaredRows? source, int maxLength)
    {
        Decoder = decoder;
        (Rows, Source) = (rows, source);
        SessionId = request.SessionId;
        Position = request.Position ?? 0;
        MaxLength = maxLength;
        Keep = request.Keep;
        Logits = request.Logits ?? new LogitsRequest();
    }

    public DecoderSnapshot Decoder { get; }

    public DeclaredRows Rows { get; }

    /// <summary>What the session is about from here on, where the model has an encoder.</summary>
    public DeclaredRows? Source { get; }

    public int RowCount => Rows.Count;

    /// <summary>Rows that are computed: those of the source too.</summary>
    public int AllRowCount => RowCount + (Source?.Count ?? 0);

    /// <summary>True where it is more than a row: such steps take turns with those that are one.</summary>
    public bool IsLong => AllRowCount > 1;

    public string? SessionId { get; }

    public int Position { get; }

    /// <summary>Longest cache of a new session.</summary>
    public int MaxLength { get; }

    public bool Keep { get; }

    public LogitsRequest Logits { get; }

    public bool AllRows => Logits.Rows == LogitsRequest.All;

    public int WantedRows => AllRows ? RowCount : 1;

    /// <summary>Bytes of a whole row of logits.</summary>
    public int RowBytes => Decoder.VocabSize * Decoder.LogitsDtype.ByteSize();

    /// <summary>Judges the fields and the declared tensor.</summary>
    public static Outcome<StepDeclaration> Judge(
        DecoderSnapshot decoder, CompletionRequest request, EngineOptions options)
    {
        if (!JudgeLength(decoder, request.MaxLength, options).Is(out var maxLength, out var lengthRefusal))
        {
            return lengthRefusal;
        }

        // A session that is there has its own length, which is judged where it is found.
        var most = request.SessionId is null ? maxLength : options.LongestSession(decoder.ContextLength);
        if (!DeclaredRows.Judge(
            CompletionFields.PromptEmbeds, request.PromptEmbeds, decoder.HiddenSize, most, TooLong)
            .Is(out var rows, out var rowsRefusal))
        {
            return rowsRefusal;
        }

        if (JudgePlace(request) is { } placeRefusal)
        {
            return placeRefusal;
        }

        if (SourceRules.Judge(decoder, request, options, out var source) is { } sourceRefusal)
        {
            return sourceRefusal;
        }

        if (JudgeLogits(decoder, request.Logits) is { } logitsRefusal)
        {
            return logitsRefusal;
        }

        var wanted = request.Logits?.Rows == LogitsRequest.All ? request.PromptEmbeds.Shape[0] : 1;
        // The largest of a row may take more than the row.
        var rowBytes = decoder.VocabSize * decoder.LogitsDtype.ByteSize();
        var answerBytes = wanted * Math.Max(
            rowBytes, new TopRow(request.Logits?.TopK ?? 0, Temperature: 1).Bytes(rowBytes));
        return answerBytes <= (long)options.MaxAnswerMegabytes << 20
            ? new StepDeclaration(decoder, request, rows, source, maxLength)
            : Invalid(
                $"logits of {wanted} rows are {answerBytes >> 20} MiB, at most {options.MaxAnswerMegabytes} are given",
                "logits.rows");
    }

    /// <summary>The longest cache of a new session: what is asked for, or all that is allowed and that there is memory
    /// for.</summary>
    public static Outcome<int> JudgeLength(DecoderSnapshot decoder, int? maxLength, EngineOptions options)
    {
        var limit = options.LongestSession(decoder.ContextLength);
        if (maxLength is null || (maxLength >= 1 && maxLength <= limit))
        {
            return maxLength ?? Math.Min(limit, decoder.MostCachedTokens);
        }

        var code = maxLength < 1 ? StipErrorCode.InvalidRequest : StipErrorCode.ContextLengthExceeded;
        return new Refusal(code, $"max_length {maxLength} is outside 1..{limit}", "max_length");
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
