using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Stip.Api.Engine;
using Stip.Protocol;

namespace Stip.Api.Endpoints;

/// <summary>Decodes the large tensors of a document in JSON into memory that is let go of with them, where the
/// serializer would leave arrays to the collector.</summary>
internal sealed class LargeTensors : IDisposable
{
    // A document is read by one thread from its first byte to its last.
    [ThreadStatic]
    private static LargeTensors? _current;

    private readonly List<TensorRoom> _rented = [];

    /// <summary>Those of the wire, but for large tensors while somebody collects them.</summary>
    public static JsonSerializerOptions Options { get; } = new(StipJson.Wire) { Converters = { new Decoder() } };

    /// <summary>Takes what this thread decodes, until that is disposed of.</summary>
    public Collecting Collect()
    {
        _current = this;
        return new Collecting(this);
    }

    public void Dispose()
    {
        _rented.ForEach(static room => room.Return());
        _rented.Clear();
    }

    // Null where it is no base64 of one piece.
    private ReadOnlyMemory<byte>? Decode(ReadOnlySpan<byte> text)
    {
        var room = TensorRoom.Rent(Base64.GetMaxDecodedFromUtf8Length(text.Length));
        var status = Base64.DecodeFromUtf8(text, room.Span, out _, out var bytes);
        if (status != OperationStatus.Done)
        {
            room.Return();
            return null;
        }

        _rented.Add(room);
        return room.Memory[..bytes];
    }

    /// <summary>Lasts while a thread's tensors are collected.</summary>
    public readonly ref struct Collecting(LargeTensors tensors)
    {
        public void Dispose() => _current = _current == tensors ? null : _current;
    }

    private sealed class Decoder : JsonConverter<ReadOnlyMemory<byte>>
    {
        public override ReadOnlyMemory<byte> Read(
            ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            _current is { } tensors && reader is { TokenType: JsonTokenType.String, HasValueSequence: false }
                && reader.ValueSpan.Length > TensorRoom.MostPooledBytes && tensors.Decode(reader.ValueSpan) is { } data
                ? data
                : reader.TokenType == JsonTokenType.Null ? default : reader.GetBytesFromBase64();

        public override void Write(
            Utf8JsonWriter writer, ReadOnlyMemory<byte> value, JsonSerializerOptions options) =>
            throw new NotSupportedException();
    }
}
