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
        long dataOffset)
    {
        Entries = entries;
        Metadata = metadata;
        DataOffset = dataOffset;
    }

    /// <summary>Tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>The scalar fields of <c>__metadata__</c>; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>First byte of the tensors, counted from the start of the file.</summary>
    public long DataOffset { get; }

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

    /// <summary>Parses the JSON part and checks every tensor against the file's length.</summary>
    /// <param name="json">The JSON part, without the 8 bytes before it.</param>
    /// <param name="totalBytes">Length of the whole file.</param>
    /// <exception cref="InvalidDataException">Anything that the format does not allow, naming the tensor.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long totalBytes)
    {
        var dataOffset = PrefixBytes + (long)json.Length;
        var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(json.ToArray());
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name == MetadataKey)
                {
                    foreach (var field in property.Value.EnumerateObject())
                    {
                        metadata[field.Name] = field.Value.GetString() ?? "";
                    }
                }
                else if (!entries.TryAdd(property.Name, ParseEntry(property, totalBytes - dataOffset)))
                {
                    throw new InvalidDataException($"safetensors: tensor '{property.Name}' is named twice");
                }
            }
        }
        catch (Exception e) when (
            e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new InvalidDataException("safetensors: the header is not the JSON that the format asks for", e);
        }

        RefuseOverlaps(entries.Values);
        return new SafetensorsHeader(entries, metadata, dataOffset);
    }

    /// <summary>Writes a header: 8 bytes of length and the JSON, padded with spaces to a multiple of 8.</summary>
    public static byte[] Format(
        IEnumerable<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in metadata)
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            foreach (var entry in entries)
            {
                WriteEntry(json, entry);
            }

            json.WriteEndObject();
        }

        var padded = (int)(stream.Length + 7) / 8 * 8;
        var bytes = new byte[PrefixBytes + padded];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)padded);
        bytes.AsSpan(PrefixBytes).Fill((byte)' ');
        stream.Position = 0;
        stream.ReadExactly(bytes, PrefixBytes, (int)stream.Length);
        return bytes;
    }

    private static SafetensorsEntry ParseEntry(JsonProperty property, long dataBytes)
    {
        var name = property.Name;
        var dtypeName = property.Value.GetProperty("dtype").GetString();
        if (!TensorDtypes.TryParseSafetensors(dtypeName, out var dtype))
        {
            throw new InvalidDataException($"safetensors: dtype '{dtypeName}' of tensor '{name}' is not supported");
        }

        var shape = property.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64()).ToArray();
        var offsets = property.Value.GetProperty("data_offsets").EnumerateArray().Select(o => o.GetInt64()).ToArray();
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
            return shape.Any(length => length < 0)
                ? throw new InvalidDataException($"safetensors: tensor '{name}' has a negative axis")
                : shape.Aggregate((long)dtype.ByteSize(), (product, length) => checked(product * length));
        }
        catch (OverflowException)
        {
            throw new InvalidDataException($"safetensors: tensor '{name}' is larger than any file");
        }
    }

    private static void RefuseOverlaps(IEnumerable<SafetensorsEntry> entries)
    {
        var end = 0L;
        foreach (var entry in entries.OrderBy(entry => entry.Offset).ThenBy(entry => entry.ByteLength))
        {
            if (entry.Offset < end)
            {
                throw new InvalidDataException($"safetensors: tensor '{entry.Name}' overlaps the one before it");
            }

            end = entry.Offset + entry.ByteLength;
        }
    }

    private static void WriteEntry(Utf8JsonWriter json, SafetensorsEntry entry)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype", entry.Dtype.SafetensorsName());
        json.WriteStartArray("shape");
        foreach (var length in entry.Shape)
        {
            json.WriteNumberValue(length);
        }

        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(entry.Offset);
        json.WriteNumberValue(entry.Offset + entry.ByteLength);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
