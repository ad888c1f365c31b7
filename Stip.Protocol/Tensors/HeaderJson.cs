using System.Buffers;
using System.Text.Json;

namespace Stip.Protocol.Tensors;

/// <summary>The JSON of a safetensors header, read and written without a document in between: every decoded token of a
/// connection has two of them.</summary>
internal static class HeaderJson
{
    private const int MostKeptBytes = 64 << 10;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _written;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    /// <summary>Reads one token, which must be of this kind.</summary>
    /// <exception cref="JsonException">It is another one, or none.</exception>
    public static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
        {
            throw new JsonException($"{type} is missing");
        }
    }

    /// <summary>Reads on and finds nothing.</summary>
    public static void ExpectEnd(ref Utf8JsonReader reader)
    {
        if (reader.Read())
        {
            throw new JsonException("the document goes on after its end");
        }
    }

    /// <summary>The next property of an object, or null at its end.</summary>
    public static string? ReadName(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;
    }

    /// <summary>Reads an object of strings; null counts as an empty one, and of two equal names the last.</summary>
    public static void ReadTexts(ref Utf8JsonReader reader, Dictionary<string, string> texts)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        while (ReadName(ref reader) is { } name)
        {
            reader.Read();
            texts[name] = reader.GetString() ?? "";
        }
    }

    /// <summary>Reads the declaration of a tensor; members of other names are skipped.</summary>
    public static (string? Dtype, long[] Shape, long[] Offsets) ReadEntry(ref Utf8JsonReader reader)
    {
        (string? Dtype, long[]? Shape, long[]? Offsets) read = default;
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("dtype"u8))
            {
                reader.Read();
                read.Dtype = reader.GetString();
            }
            else if (reader.ValueTextEquals("shape"u8))
            {
                read.Shape = ReadNumbers(ref reader);
            }
            else if (reader.ValueTextEquals("data_offsets"u8))
            {
                read.Offsets = ReadNumbers(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return read is { Shape: { } shape, Offsets: { } offsets }
            ? (read.Dtype, shape, offsets)
            : throw new JsonException("a tensor has a dtype, a shape and data_offsets");
    }

    /// <summary>The JSON of a header; valid until this thread's next call.</summary>
    public static ReadOnlySpan<byte> Write(
        ReadOnlySpan<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata, string metadataKey)
    {
        var written = _written is { Capacity: <= MostKeptBytes } kept
            ? kept
            : _written = new ArrayBufferWriter<byte>(512);
        var json = _writer ??= new Utf8JsonWriter(written);
        written.ResetWrittenCount();
        json.Reset(written);
        json.WriteStartObject();
        if (metadata is { Count: > 0 })
        {
            json.WriteStartObject(metadataKey);
            WriteTexts(json, metadata);
            json.WriteEndObject();
        }

        foreach (var entry in entries)
        {
            WriteEntry(json, entry);
        }

        json.WriteEndObject();
        json.Flush();
        return written.WrittenSpan;
    }

    private static long[] ReadNumbers(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        Span<long> few = stackalloc long[8];
        List<long>? many = null;
        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var number = reader.GetInt64();
            if (count < few.Length)
            {
                few[count] = number;
            }
            else
            {
                (many ??= []).Add(number);
            }

            count++;
        }

        return many is null ? few[..count].ToArray() : [.. few, .. many];
    }

    // Over the type itself where it is known: an interface's enumerator is an object.
    private static void WriteTexts(Utf8JsonWriter json, IReadOnlyDictionary<string, string> texts)
    {
        if (texts is Dictionary<string, string> known)
        {
            foreach (var (name, text) in known)
            {
                json.WriteString(name, text);
            }

            return;
        }

        foreach (var (name, text) in texts)
        {
            json.WriteString(name, text);
        }
    }

    private static void WriteEntry(Utf8JsonWriter json, SafetensorsEntry entry)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype"u8, entry.Dtype.SafetensorsName());
        json.WriteStartArray("shape"u8);
        for (var axis = 0; axis < entry.Shape.Count; axis++)
        {
            json.WriteNumberValue(entry.Shape[axis]);
        }

        json.WriteEndArray();
        json.WriteStartArray("data_offsets"u8);
        json.WriteNumberValue(entry.Offset);
        json.WriteNumberValue(entry.Offset + entry.ByteLength);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
