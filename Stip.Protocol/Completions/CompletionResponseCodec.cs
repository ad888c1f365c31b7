using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using Stip.Protocol.Tensors;

namespace Stip.Protocol.Completions;

/// <summary>The safetensors form of <see cref="CompletionResponse"/>: scalars in <c>__metadata__</c>; <c>logits</c>, or
/// <c>indices</c>, <c>values</c> and <c>logsumexp</c>, with one row for each wanted row.</summary>
public static class CompletionResponseCodec
{
    /// <summary>Writes one file.</summary>
    /// <param name="output">Receives it.</param>
    /// <param name="response">With at least one choice.</param>
    /// <param name="said">What the connection was told before; null where every message says everything.</param>
    /// <exception cref="ArgumentException">There is no choice, or the choices are of different forms.</exception>
    public static void Write(IBufferWriter<byte> output, CompletionResponse response, StickyFields? said = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(response);
        if (response.Choices.Count == 0)
        {
            throw new ArgumentException("an answer has at least one choice", nameof(response));
        }

        var first = response.Choices[0].Logits;
        if (first.Indices is { } indices)
        {
            WriteTopK(output, response, indices.Count, said);
        }
        else
        {
            WriteHeader(output, response, said);
            foreach (var choice in response.Choices)
            {
                output.Write(choice.Logits.Data!.Value.Span);
            }
        }
    }

    /// <summary>Writes what stands before the rows of an answer with full rows; they follow in their order.</summary>
    /// <param name="output">Receives it.</param>
    /// <param name="response">With at least one choice, each with a full row.</param>
    /// <param name="said">What the connection was told before; null where every message says everything.</param>
    /// <exception cref="ArgumentException">There is no choice, or the choices are of different forms.</exception>
    public static void WriteHeader(
        IBufferWriter<byte> output, CompletionResponse response, StickyFields? said = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(response);
        var choices = response.Choices;
        if (choices.Count == 0 || choices[0].Logits is not { Data.Length: var rowBytes, Dtype: var name }
            || !TensorDtypes.TryParseWire(name, out var dtype)
            || choices.Any(choice => choice.Logits.Data?.Length != rowBytes))
        {
            throw new ArgumentException("choices are of different forms", nameof(response));
        }

        long[] shape = [choices.Count, rowBytes / dtype.ByteSize()];
        var entry = new SafetensorsEntry(CompletionFields.Logits, dtype, shape, 0, (long)choices.Count * rowBytes);
        SafetensorsHeader.Write(output, [entry], Scalars(response, said));
    }

    /// <summary>Reads one file; full rows stay where they are in <paramref name="body"/>.</summary>
    /// <param name="body">The whole file.</param>
    /// <param name="said">What the connection was told before; null where every message says everything.</param>
    /// <exception cref="InvalidDataException">Not a file of this form; the message names the field.</exception>
    public static CompletionResponse Read(ReadOnlyMemory<byte> body, StickyFields? said = null)
    {
        var header = SafetensorsHeader.Read(body.Span);
        var fields = new MetadataReader(said?.Merge(header.Metadata) ?? header.Metadata);
        var finish = fields.Text(CompletionFields.FinishReason);
        var isFull = header.Entries.ContainsKey(CompletionFields.Logits);
        var logits = isFull ? ReadFull(header, body) : ReadTopK(header, body);
        var position = Needed(fields, CompletionFields.Position);
        var appended = Needed(fields, CompletionFields.PromptTokens);
        var cached = Needed(fields, CompletionFields.CachedTokens);
        return new CompletionResponse(
            fields.Text(CompletionFields.Id) ?? "",
            fields.Text(CompletionFields.Object) ?? CompletionResponse.ObjectName,
            fields.Long(CompletionFields.Created) ?? 0,
            fields.Text(CompletionFields.Model) ?? "",
            fields.Text(CompletionFields.SessionId),
            position,
            Choices(logits, finish),
            new CompletionUsage(appended, cached, appended + cached))
        {
            Fingerprint = fields.Text(CompletionFields.Fingerprint),
            KeyEpoch = fields.Integer(CompletionFields.KeyEpoch),
            ServerTiming = fields.Text(CompletionFields.ServerTiming),
        };
    }

    private static CompletionChoice[] Choices(LogitsPayload[] logits, string? finish)
    {
        var choices = new CompletionChoice[logits.Length];
        for (var i = 0; i < choices.Length; i++)
        {
            choices[i] = new CompletionChoice(i, logits[i], i < choices.Length - 1 ? null : finish);
        }

        return choices;
    }

    private static void WriteTopK(
        IBufferWriter<byte> output, CompletionResponse response, int k, StickyFields? said)
    {
        var choices = response.Choices;
        var rows = choices.Count;
        for (var row = 0; row < rows; row++)
        {
            if (choices[row].Logits is not { Logsumexp: not null } logits
                || logits.Indices?.Count != k || logits.Values?.Count != k)
            {
                throw new ArgumentException("choices are of different forms", nameof(response));
            }
        }

        int sumBytes = rows * sizeof(double), listBytes = checked(rows * k * sizeof(int));
        SafetensorsHeader.Write(
            output,
            [
                new(CompletionFields.Logsumexp, TensorDtype.Float64, [rows], 0, sumBytes),
                new(CompletionFields.Indices, TensorDtype.Int32, [rows, k], sumBytes, listBytes),
                new(CompletionFields.Values, TensorDtype.Float32, [rows, k], sumBytes + listBytes, listBytes),
            ],
            Scalars(response, said));
        var bytes = output.GetSpan(sumBytes + 2 * listBytes);
        var sums = MemoryMarshal.Cast<byte, double>(bytes[..sumBytes]); // [rows]
        var indices = MemoryMarshal.Cast<byte, int>(bytes.Slice(sumBytes, listBytes)); // [rows, k]
        var values = MemoryMarshal.Cast<byte, float>(bytes.Slice(sumBytes + listBytes, listBytes)); // [rows, k]
        for (var row = 0; row < rows; row++)
        {
            var logits = choices[row].Logits;
            sums[row] = logits.Logsumexp!.Value;
            for (var i = 0; i < k; i++)
            {
                (indices[row * k + i], values[row * k + i]) = (logits.Indices![i], logits.Values![i]);
            }
        }

        output.Advance(sumBytes + 2 * listBytes);
    }

    private static LogitsPayload[] ReadFull(SafetensorsHeader header, ReadOnlyMemory<byte> body)
    {
        var (entry, data) = Tensor(header, body, CompletionFields.Logits, axes: 2);
        var rows = (int)entry.Shape[0];
        var rowBytes = data.Length / rows;
        var shape = new[] { entry.Shape[1] };
        return [.. Enumerable.Range(0, rows).Select(row => new LogitsPayload(
            entry.Dtype.WireName(), Shape: shape, Data: data.Slice(row * rowBytes, rowBytes)))];
    }

    private static LogitsPayload[] ReadTopK(SafetensorsHeader header, ReadOnlyMemory<byte> body)
    {
        var (list, indexBytes) = Tensor(header, body, CompletionFields.Indices, axes: 2, TensorDtype.Int32);
        var (same, valueBytes) = Tensor(header, body, CompletionFields.Values, axes: 2, TensorDtype.Float32);
        var (one, sumBytes) = Tensor(header, body, CompletionFields.Logsumexp, axes: 1, TensorDtype.Float64);
        if (list.Shape[0] != same.Shape[0] || list.Shape[1] != same.Shape[1] || one.Shape[0] != list.Shape[0])
        {
            throw new InvalidDataException("'indices', 'values' and 'logsumexp' have different numbers of rows");
        }

        var k = (int)list.Shape[1];
        var rows = new LogitsPayload[list.Shape[0]];
        for (var row = 0; row < rows.Length; row++)
        {
            rows[row] = new LogitsPayload(
                TensorDtype.Float32.WireName(),
                MemoryMarshal.Cast<byte, int>(indexBytes.Span).Slice(row * k, k).ToArray(),
                MemoryMarshal.Cast<byte, float>(valueBytes.Span).Slice(row * k, k).ToArray(),
                MemoryMarshal.Cast<byte, double>(sumBytes.Span)[row]);
        }

        return rows;
    }

    private static (SafetensorsEntry Entry, ReadOnlyMemory<byte> Data) Tensor(
        SafetensorsHeader header, ReadOnlyMemory<byte> body, string name, int axes, TensorDtype? dtype = null) =>
        header.Entries.TryGetValue(name, out var entry) && entry.Shape.Count == axes
            && entry.ByteLength > 0 && (dtype ?? entry.Dtype) == entry.Dtype
            ? (entry, body.Slice((int)(header.DataOffset + entry.Offset), (int)entry.ByteLength))
            : throw new InvalidDataException($"tensor '{name}' is missing, empty or of another type or rank");

    private static int Needed(MetadataReader fields, string name) =>
        fields.Integer(name) ?? throw new InvalidDataException($"metadata field '{name}' is missing");

    private static IReadOnlyDictionary<string, string> Scalars(CompletionResponse response, StickyFields? said)
    {
        var scalars = said?.Draft() ?? new Dictionary<string, string>(StringComparer.Ordinal);
        scalars[CompletionFields.Id] = response.Id;
        scalars[CompletionFields.Object] = response.Object;
        scalars[CompletionFields.Created] = response.Created.ToString(CultureInfo.InvariantCulture);
        scalars[CompletionFields.Model] = response.Model;
        scalars[CompletionFields.Position] = response.Position.ToString(CultureInfo.InvariantCulture);
        scalars[CompletionFields.PromptTokens] = response.Usage.PromptTokens.ToString(CultureInfo.InvariantCulture);
        scalars[CompletionFields.CachedTokens] = response.Usage.CachedTokens.ToString(CultureInfo.InvariantCulture);
        Add(CompletionFields.Fingerprint, response.Fingerprint);
        Add(CompletionFields.KeyEpoch, response.KeyEpoch?.ToString(CultureInfo.InvariantCulture));
        Add(CompletionFields.SessionId, response.SessionId);
        Add(CompletionFields.FinishReason, response.Choices[^1].FinishReason);
        Add(CompletionFields.ServerTiming, response.ServerTiming);
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
