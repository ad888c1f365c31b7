using System.Buffers;
using System.Globalization;
using Stip.Protocol.Tensors;

namespace Stip.Protocol.Completions;

/// <summary>The safetensors form of <see cref="CompletionRequest"/>: scalars in <c>__metadata__</c>, rows as
/// <c>prompt_embeds</c> and <c>encoder_inputs_embeds</c>.</summary>
public static class CompletionRequestCodec
{
    /// <summary>Writes one file.</summary>
    /// <param name="output">Receives it.</param>
    /// <param name="request">With its rows.</param>
    /// <param name="said">What the connection was told before; null where every message says everything.</param>
    /// <exception cref="ArgumentException">The dtype of the rows is unknown.</exception>
    public static void Write(IBufferWriter<byte> output, CompletionRequest request, StickyFields? said = null)
    {
        WriteHead(output, request, said);
        output.Write(request.PromptEmbeds.Data.Span);
        if (request.EncoderInputsEmbeds is { } source)
        {
            output.Write(source.Data.Span);
        }
    }

    /// <summary>Writes what stands before the rows, which follow as they are, those of the source last.</summary>
    /// <param name="output">Receives it.</param>
    /// <param name="request">With its rows.</param>
    /// <param name="said">What the connection was told before; null where every message says everything.</param>
    /// <exception cref="ArgumentException">The dtype of the rows is unknown.</exception>
    public static void WriteHead(IBufferWriter<byte> output, CompletionRequest request, StickyFields? said = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(request);
        var rows = Entry(CompletionFields.PromptEmbeds, request.PromptEmbeds, 0);
        ReadOnlySpan<SafetensorsEntry> entries = request.EncoderInputsEmbeds is { } source
            ? [rows, Entry(CompletionFields.EncoderInputsEmbeds, source, rows.ByteLength)]
            : [rows];
        SafetensorsHeader.Write(output, entries, Scalars(request, said));
    }

    /// <summary>Reads a whole file; the rows stay where they are in <paramref name="body"/>.</summary>
    /// <exception cref="InvalidDataException">Not a file of this form; the message names the field.</exception>
    public static CompletionRequest Read(ReadOnlyMemory<byte> body)
    {
        var header = SafetensorsHeader.Read(body.Span);
        var request = Read(header);
        return request with
        {
            PromptEmbeds = request.PromptEmbeds with { Data = Data(CompletionFields.PromptEmbeds) },
            EncoderInputsEmbeds = request.EncoderInputsEmbeds is { } source
                ? source with { Data = Data(CompletionFields.EncoderInputsEmbeds) }
                : null,
        };

        ReadOnlyMemory<byte> Data(string name)
        {
            var entry = header.Entries[name];
            return body.Slice((int)(header.DataOffset + entry.Offset), (int)entry.ByteLength);
        }
    }

    /// <summary>Reads the scalars and the declaration of the rows, whose <c>Data</c> stays empty: a server judges
    /// them before it reads the bytes.</summary>
    /// <param name="header">Of one message.</param>
    /// <param name="said">What the connection was told before; null where every message says everything.</param>
    /// <exception cref="InvalidDataException">A field is missing or not of its type; the message names it.</exception>
    public static CompletionRequest Read(SafetensorsHeader header, StickyFields? said = null)
    {
        ArgumentNullException.ThrowIfNull(header);
        var source = Declared(header, CompletionFields.EncoderInputsEmbeds);
        if (Declared(header, CompletionFields.PromptEmbeds) is not { } rows
            || header.Entries.Count != (source is null ? 1 : 2))
        {
            throw new InvalidDataException(
                $"a request holds one tensor, '{CompletionFields.PromptEmbeds}', and at the start of a model with an "
                + $"encoder '{CompletionFields.EncoderInputsEmbeds}'");
        }

        var fields = new MetadataReader(said?.Merge(header.Metadata) ?? header.Metadata);
        return new CompletionRequest(
            fields.Text(CompletionFields.Model) ?? "",
            rows,
            fields.Text(CompletionFields.SessionId),
            fields.Integer(CompletionFields.Position),
            new LogitsRequest(
                fields.Integer(CompletionFields.TopK),
                fields.Text(CompletionFields.Rows) ?? LogitsRequest.Last,
                fields.Real(CompletionFields.Temperature) ?? 1),
            fields.Integer(CompletionFields.MaxLength),
            fields.Flag(CompletionFields.Keep) ?? true)
        {
            EncoderInputsEmbeds = source,
        };
    }

    private static SafetensorsEntry Entry(string name, TensorPayload tensor, long offset) =>
        TensorDtypes.TryParseWire(tensor.Dtype, out var dtype)
            ? new SafetensorsEntry(name, dtype, tensor.Shape, offset, tensor.Data.Length)
            : throw new ArgumentException($"dtype '{tensor.Dtype}' is unknown", nameof(tensor));

    private static TensorPayload? Declared(SafetensorsHeader header, string name) =>
        header.Entries.TryGetValue(name, out var entry)
            ? new TensorPayload(entry.Dtype.WireName(), entry.Shape, default)
            : null;

    private static IReadOnlyDictionary<string, string> Scalars(CompletionRequest request, StickyFields? said)
    {
        var scalars = said?.Draft() ?? new Dictionary<string, string>(StringComparer.Ordinal);
        Add(CompletionFields.Model, request.Model);
        Add(CompletionFields.SessionId, request.SessionId);
        Add(CompletionFields.Position, request.Position?.ToString(CultureInfo.InvariantCulture));
        Add(CompletionFields.MaxLength, request.MaxLength?.ToString(CultureInfo.InvariantCulture));
        Add(CompletionFields.Keep, request.Keep ? null : "false");
        if (request.Logits is { } logits)
        {
            Add(CompletionFields.TopK, logits.TopK?.ToString(CultureInfo.InvariantCulture));
            Add(CompletionFields.Rows, logits.Rows == LogitsRequest.Last ? null : logits.Rows);
            Add(
                CompletionFields.Temperature,
                logits.Temperature is 1 ? null : logits.Temperature.ToString(CultureInfo.InvariantCulture));
        }

        return said?.Changes(scalars) ?? scalars;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                scalars[name] = value;
            }
        }
    }
}
