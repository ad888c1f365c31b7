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
            WriteFull(output, response, first, said);
        }
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
            [.. logits.Select((row, i) => new CompletionChoice(i, row, i < logits.Length - 1 ? null : finish))],
            new CompletionUsage(appended, cached, appended + cached))
        {
            Fingerprint = fields.Text(CompletionFields.Fingerprint),
            KeyEpoch = fields.Integer(CompletionFields.KeyEpoch),
            ServerTiming = fields.Text(CompletionFields.ServerTiming),
        };
    }

    private static void WriteFull(
        IBufferWriter<byte> output, CompletionResponse response, LogitsPayload first, StickyFields? said)
    {
        var choices = response.Choices;
        var rowBytes = first.Data!.Value.Length;
        if (!TensorDtypes.TryParseWire(first.Dtype, out var dtype)
            || choices.Any(choice => choice.Logits.Data?.Length != rowBytes))
        {
            throw new ArgumentException("choices are of different forms", nameof(response));
        }

        long[] shape = [choices.Count, rowBytes / dtype.ByteSize()];
        var entry = new SafetensorsEntry(CompletionFields.Logits, dtype, shape, 0, (long)choices.Count * rowBytes);
        output.Write(SafetensorsHeader.Format([entry], Said(Scalars(response), said)));
        foreach (var choice in choices)
        {
            output.Write(choice.Logits.Data!.Value.Span);
        }
    }

    private static void WriteTopK(
        IBufferWriter<byte> output, CompletionResponse response, int k, StickyFields? said)
    {
        var choices = response.Choices;
        var rows = choices.Count;
        var sums = new double[rows]; // [rows]
        var indices = new int[rows * k]; // [rows, k]
        var values = new float[rows * k]; // [rows, k]
        for (var row = 0; row < rows; row++)
        {
            var logits = choices[row].Logits;
            if (logits.Indices?.Count != k || logits.Values?.Count != k || logits.Logsumexp is not { } sum)
            {
                throw new ArgumentException("choices are of different forms", nameof(response));
            }

            sums[row] = sum;
            for (var i = 0; i < k; i++)
            {
                (indices[row * k + i], values[row * k + i]) = (logits.Indices[i], logits.Values[i]);
            }
        }

        long sumBytes = rows * sizeof(double), listBytes = (long)rows * k * sizeof(int);
        output.Write(SafetensorsHeader.Format(
            [
                new(CompletionFields.Logsumexp, TensorDtype.Float64, [rows], 0, sumBytes),
                new(CompletionFields.Indices, TensorDtype.Int32, [rows, k], sumBytes, listBytes),
                new(CompletionFields.Values, TensorDtype.Float32, [rows, k], sumBytes + listBytes, listBytes),
            ],
            Said(Scalars(response), said)));
        output.Write(MemoryMarshal.AsBytes<double>(sums));
        output.Write(MemoryMarshal.AsBytes<int>(indices));
        output.Write(MemoryMarshal.AsBytes<float>(values));
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
        if (!list.Shape.SequenceEqual(same.Shape) || one.Shape[0] != list.Shape[0])
        {
            throw new InvalidDataException("'indices', 'values' and 'logsumexp' have different numbers of rows");
        }

        var k = (int)list.Shape[1];
        return [.. Enumerable.Range(0, (int)list.Shape[0]).Select(row => new LogitsPayload(
            TensorDtype.Float32.WireName(),
            MemoryMarshal.Cast<byte, int>(indexBytes.Span).Slice(row * k, k).ToArray(),
            MemoryMarshal.Cast<byte, float>(valueBytes.Span).Slice(row * k, k).ToArray(),
            MemoryMarshal.Cast<byte, double>(sumBytes.Span)[row]))];
    }

    private static (SafetensorsEntry Entry, ReadOnlyMemory<byte> Data) Tensor(
        SafetensorsHeader header, ReadOnlyMemory<byte> body, string name, int axes, TensorDtype? dtype = null) =>
        header.Entries.TryGetValue(name, out var entry) && entry.Shape.Count == axes
            && entry.ByteLength > 0 && (dtype ?? entry.Dtype) == entry.Dtype
            ? (entry, body.Slice((int)(header.DataOffset + entry.Offset), (int)entry.ByteLength))
            : throw new InvalidDataException($"tensor '{name}' is missing, empty or of another type or rank");

    private static int Needed(MetadataReader fields, string name) =>
        fields.Integer(name) ?? throw new InvalidDataException($"metadata field '{name}' is missing");

    private static Dictionary<string, string> Scalars(CompletionResponse response)
    {
        var scalars = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [CompletionFields.Id] = response.Id,
            [CompletionFields.Object] = response.Object,
            [CompletionFields.Created] = response.Created.ToString(CultureInfo.InvariantCulture),
            [CompletionFields.Model] = response.Model,
            [CompletionFields.Position] = response.Position.ToString(CultureInfo.InvariantCulture),
            [CompletionFields.PromptTokens] = response.Usage.PromptTokens.ToString(CultureInfo.InvariantCulture),
            [CompletionFields.CachedTokens] = response.Usage.CachedTokens.ToString(CultureInfo.InvariantCulture),
        };
        if (response.Fingerprint is { } fingerprint)
        {
            scalars[CompletionFields.Fingerprint] = fingerprint;
        }

        if (response.KeyEpoch is { } epoch)
        {
            scalars[CompletionFields.KeyEpoch] = epoch.ToString(CultureInfo.InvariantCulture);
        }

        if (response.SessionId is { } session)
        {
            scalars[CompletionFields.SessionId] = session;
        }

        if (response.Choices[^1].FinishReason is { } finish)
        {
            scalars[CompletionFields.FinishReason] = finish;
        }

        if (response.ServerTiming is { } timing)
        {
            scalars[CompletionFields.ServerTiming] = timing;
        }

        return scalars;
    }

    private static IReadOnlyDictionary<string, string> Said(Dictionary<string, string> scalars, StickyFields? said) =>
        said?.Changes(scalars) ?? scalars;
}
