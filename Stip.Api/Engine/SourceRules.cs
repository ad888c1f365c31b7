using Stip.Api.Engine.Forward;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>When a step brings the rows that an encoder reads, and how many: with the first rows of a session, and with
/// no others.</summary>
internal static class SourceRules
{
    // A layer's outputs and what they are made of.
    private const int CopiesOfSource = 8;

    private const string Field = CompletionFields.EncoderInputsEmbeds;

    /// <param name="decoder">The model.</param>
    /// <param name="request">Its own rows and its place were judged.</param>
    /// <param name="options">Limits of the server.</param>
    /// <param name="source">Null where the step brings none and needs none.</param>
    public static Refusal? Judge(
        DecoderSnapshot decoder, CompletionRequest request, EngineOptions options, out DeclaredRows? source)
    {
        source = null;
        var isStart = request.Position is null or 0;
        if (decoder.Sequence is not { } sequence || !isStart)
        {
            return request.EncoderInputsEmbeds is null ? null : new Refusal(
                StipErrorCode.InvalidRequest,
                decoder.Sequence is null
                    ? $"{Field} is for models with an encoder beside their decoder"
                    : $"{Field} belongs to position 0: a session goes on with the source that it began with",
                Field);
        }

        var judged = DeclaredRows.Judge(
            Field, request.EncoderInputsEmbeds, sequence.SourceWidth(decoder), MostRows(sequence, options), TooLong);
        if (!judged.Is(out var rows, out var refusal))
        {
            return request.EncoderInputsEmbeds is null
                ? refusal with { Message = $"{refusal.Message} at position 0: the model has an encoder" }
                : refusal;
        }

        if (sequence.States?.SourceRows is { } taken && taken != rows.Count)
        {
            return new Refusal(
                StipErrorCode.ShapeMismatch,
                $"{Field} has shape [{rows.Count}, {rows.Width}], the model takes [{taken}, {rows.Width}]",
                $"{Field}.shape");
        }

        source = rows;
        return JudgeMemory(decoder, request.PromptEmbeds.Shape[0], rows.Count, options);
    }

    /// <summary>Most rows of a source.</summary>
    public static int MostRows(SequenceSnapshot sequence, EngineOptions options) =>
        // Of a picture it is what the picture has: a server's longest session says nothing of it.
        options.MaxLength == 0 || sequence.States is not null
            ? sequence.SourceLength
            : Math.Min(options.MaxLength, sequence.SourceLength);

    private static Refusal TooLong(long rows, int most) => new(
        StipErrorCode.ContextLengthExceeded,
        $"a source of {rows} rows is longer than the {most} that the encoder reads", Field);

    // Neither part runs in chunks: the encoder sees its source as a whole, and the first step gives what is kept of it,
    // beside logits of each of its rows.
    private static Refusal? JudgeMemory(DecoderSnapshot decoder, long rows, int sourceRows, EngineOptions options)
    {
        // An encoder of windows gives fewer rows than it takes, and looks at a window's at once; one
        // that gives a fixed number of any source (a resampler) looks at all that it takes.
        var (sequence, width) = (decoder.Sequence!, decoder.Sequence!.SourceWidth(decoder));
        var states = sequence.MostStates(sourceRows);
        var seen = sequence.States is { SourceRows: null } ? Math.Max(states, sourceRows) : states;
        var needed = PassMemory.Bytes(seen, sequence.StatesWidth(decoder))
            + (sequence.States is null ? 0 : (double)sourceRows * width * decoder.RowsDtype.ByteSize() * CopiesOfSource)
            + PassMemory.Bytes((int)rows, decoder.HiddenSize)
            + ((double)rows * decoder.VocabSize * decoder.LogitsDtype.ByteSize());
        var limit = PassMemory.LimitBytes(options);
        return needed <= limit ? null : new Refusal(
            StipErrorCode.PayloadTooLarge,
            $"the first step would take about {(long)needed >> 20} MiB of memory, and one may take {limit >> 20}: send "
            + "a shorter source or fewer rows",
            Field);
    }
}
