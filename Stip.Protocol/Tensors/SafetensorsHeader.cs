using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Stip.Protocol.Tensors;

/// <summary>
/// The header of a safetensors file: 8 bytes of little-endian length, then that many bytes of JSON, then the tensors.
/// A header is believed only after every claim in it was checked against the length of the file.
/// </summary>
public sealed class SafetensorsHeader
{
    /// <summary>Longest header that is read, in bytes.</summary>
    public const int MaxHeaderBytes = 100_000_000;

    private const int PrefixBytes = 8;
    private const string MetadataKey = "__metadata__";

    private SafetensorsHeader(
        IReadOnlyDictionary<string, SafetensorsEntry> entries,
        IReadOnlyDictionary<string, string> metadata,
        long dataOffset,
        long endOffset)
    {
        Entries = entries;
        Metadata = metadata;
        DataOffset = dataOffset;
        EndOffset = endOffset;
    }

    /// <summary>Tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>The scalar fields of <c>__metadata__</c>; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>First byte of the tensors, counted from the start of the file.</summary>
    public long DataOffset { get; }

    /// <summary>First byte behind the tensors: the length of the file.</summary>
    public long EndOffset { get; }

    /// <summary>Reads the length of the JSON part from the first 8 bytes of a file.</summary>
    /// <exception cref="InvalidDataException">The length is zero or beyond <paramref name="totalBytes"/>.</exception>
    public static int ReadJsonLength(ReadOnlySpan<byte> prefix, long totalBytes)
    {
        if (prefix.Length < PrefixBytes)
        {
            throw new InvalidDataException($"safetensors: {prefix.Length} bytes are too few for a header (at least 8)");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        var most = (ulong)Math.Clamp(totalBytes - PrefixBytes, 0, MaxHeaderBytes);
        return length is > 0 && length <= most
            ? (int)length
            : throw new InvalidDataException($"safetensors: header length {length} is outside 1..{most}");
    }

    /// <summary>Reads the header of a file that is in memory as a whole.</summary>
    /// <exception cref="InvalidDataException">Anything that the format does not allow.</exception>
    public static SafetensorsHeader Read(ReadOnlySpan<byte> file)
    {
        var jsonBytes = ReadJsonLength(file[..Math.Min(file.Length, PrefixBytes)], file.Length);
        return Parse(file.Slice(PrefixBytes, jsonBytes), file.Length);
    }

    /// <summary>Parses the JSON part and checks every tensor against the file's length: they follow one another without
    /// gaps to its end.</summary>
    /// <param name="json">The JSON part, without the 8 bytes before it.</param>
    /// <param name="totalBytes">Length of the whole file.</param>
    /// <exception cref="InvalidDataException">Anything that the format does not allow, naming the tensor.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long totalBytes)
    {
        var header = ParseWithin(json, totalBytes);
        return header.EndOffset == totalBytes
            ? header
            : throw new InvalidDataException(
                $"safetensors: the last {totalBytes - header.EndOffset} bytes belong to no tensor");
    }

    /// <summary>Parses the JSON part of a file that has not arrived as a whole; its length is to be compared with
    /// <see cref="EndOffset"/>.</summary>
    /// <param name="json">The JSON part, without the 8 bytes before it.</param>
    /// <param name="mostBytes">Longest file that is allowed.</param>
    /// <exception cref="InvalidDataException">Anything that the format does not allow, naming the tensor.</exception>
    public static SafetensorsHeader ParseWithin(ReadOnlySpan<byte> json, long mostBytes)
    {
        var dataOffset = PrefixBytes + (long)json.Length;
        var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(json);
            HeaderJson.Expect(ref reader, JsonTokenType.StartObject);
            while (HeaderJson.ReadName(ref reader) is { } name)
            {
                if (name == MetadataKey)
                {
                    HeaderJson.ReadTexts(ref reader, metadata);
                }
                else if (!entries.TryAdd(name, ReadEntry(ref reader, name, mostBytes - dataOffset)))
                {
                    throw new InvalidDataException($"safetensors: tensor '{name}' is named twice");
                }
            }

            HeaderJson.ExpectEnd(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException("safetensors: the header is not the JSON that the format asks for", e);
        }

        return new SafetensorsHeader(entries, metadata, dataOffset, dataOffset + RefuseGaps(entries.Values));
    }

    /// <summary>Makes a header: 8 bytes of length and the JSON, padded with spaces to a multiple of 8.</summary>
    public static byte[] Format(
        IEnumerable<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var output = new ArrayBufferWriter<byte>(512);
        Write(output, [.. entries], metadata);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Writes a header as <see cref="Format"/> makes it.</summary>
    /// <param name="output">Receives it.</param>
    /// <param name="entries">In the order of their bytes.</param>
    /// <param name="metadata">The scalar fields; none are written where it is null or empty.</param>
    public static void Write(
        IBufferWriter<byte> output,
        ReadOnlySpan<SafetensorsEntry> entries,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        var json = HeaderJson.Write(entries, metadata, MetadataKey);
        var padded = (json.Length + 7) / 8 * 8;
        var bytes = output.GetSpan(PrefixBytes + padded)[..(PrefixBytes + padded)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)padded);
        json.CopyTo(bytes[PrefixBytes..]);
        bytes[(PrefixBytes + json.Length)..].Fill((byte)' ');
        output.Advance(bytes.Length);
    }

    private static SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name, long dataBytes)
    {
        var (dtypeName, shape, offsets) = HeaderJson.ReadEntry(ref reader);
        if (!TensorDtypes.TryParseSafetensors(dtypeName, out var dtype))
        {
            throw new InvalidDataException($"safetensors: dtype '{dtypeName}' of tensor '{name}' is not supported");
        }

        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > dataBytes)
        {
            throw new InvalidDataException(
                $"safetensors: tensor '{name}' claims bytes [{string.Join(", ", offsets)}) of 0..{dataBytes}");
        }

        var claimed = ByteCount(name, dtype, shape);
        return claimed == offsets[1] - offsets[0]
            ? new SafetensorsEntry(name, dtype, shape, offsets[0], claimed)
            : throw new InvalidDataException(
                $"safetensors: tensor '{name}' has {offsets[1] - offsets[0]} bytes, its shape asks for {claimed}");
    }

    private static long ByteCount(string name, TensorDtype dtype, long[] shape)
    {
        try
        {
            var bytes = (long)dtype.ByteSize();
            foreach (var length in shape)
            {
                bytes = length >= 0
                    ? checked(bytes * length)
                    : throw new InvalidDataException($"safetensors: tensor '{name}' has a negative axis");
            }

            return bytes;
        }
        catch (OverflowException)
        {
            throw new InvalidDataException($"safetensors: tensor '{name}' is larger than any file");
        }
    }

    // The bytes of all tensors.
    private static long RefuseGaps(Dictionary<string, SafetensorsEntry>.ValueCollection entries)
    {
        if (TryAddInOrder(entries, out var end))
        {
            return end;
        }

        end = 0;
        foreach (var entry in entries.OrderBy(entry => entry.Offset).ThenBy(entry => entry.ByteLength))
        {
            if (entry.Offset != end)
            {
                throw new InvalidDataException(entry.Offset < end
                    ? $"safetensors: tensor '{entry.Name}' overlaps the one before it"
                    : $"safetensors: bytes {end}..{entry.Offset} before tensor '{entry.Name}' belong to no tensor");
            }

            end += entry.ByteLength;
        }

        return end;
    }

    // As every writer of messages leaves them.
    private static bool TryAddInOrder(Dictionary<string, SafetensorsEntry>.ValueCollection entries, out long end)
    {
        end = 0;
        foreach (var entry in entries)
        {
            if (entry.Offset != end)
            {
                return false;
            }

            end += entry.ByteLength;
        }

        return true;
    }
}
