using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Stip.Api.Engine;
using Stip.Protocol;

namespace Stip.Api.Endpoints;

/// <summary>A request in JSON. What is long is held while it is read, and its tensors are decoded once, in memory that
/// goes back to the machine with the request.</summary>
/// <param name="value">What it says.</param>
/// <param name="tensors">Owned from here on.</param>
internal sealed class JsonBody<T>(T? value, LargeTensors? tensors) : IDisposable
    where T : class
{
    private const int FirstBytes = 64 << 10;

    /// <summary>Good until this is disposed of; null where the body is <c>null</c>.</summary>
    public T? Value => value;

    /// <summary>Reads a body of at most so many bytes; null where it is longer.</summary>
    /// <exception cref="JsonException">It is not of this form.</exception>
    public static async Task<JsonBody<T>?> ReadAsync(HttpRequest request, long most, CancellationToken cancellation)
    {
        var reader = request.BodyReader;
        var result = await reader.ReadAsync(cancellation);
        if (result.IsCompleted)
        {
            try
            {
                return new JsonBody<T>(Parse(result.Buffer, StipJson.Wire), null);
            }
            finally
            {
                reader.AdvanceTo(result.Buffer.End);
            }
        }

        reader.AdvanceTo(result.Buffer.Start);
        var (room, bytes) = await HoldAsync(reader, request.ContentLength, most, cancellation);
        try
        {
            return bytes > most ? null : Parse(room.Memory[..bytes]);
        }
        finally
        {
            room.Return();
        }
    }

    public void Dispose() => tensors?.Dispose();

    // The buffers of a connection are kept for others: they do not grow with a body.
    private static async Task<(TensorRoom Room, int Bytes)> HoldAsync(
        PipeReader reader, long? promised, long most, CancellationToken cancellation)
    {
        var room = TensorRoom.Rent((int)Math.Min(promised ?? FirstBytes, most));
        var bytes = 0;
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(cancellation);
                var length = bytes + result.Buffer.Length;
                if (length > most)
                {
                    reader.AdvanceTo(result.Buffer.End);
                    return (room, (int)Math.Min(length, int.MaxValue));
                }

                if (length > room.Bytes)
                {
                    var wider = TensorRoom.Rent((int)Math.Min(most, Math.Max(length, 2L * room.Bytes)));
                    room.Span[..bytes].CopyTo(wider.Span);
                    room.Return();
                    room = wider;
                }

                result.Buffer.CopyTo(room.Span[bytes..]);
                bytes = (int)length;
                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return (room, bytes);
                }
            }
        }
        catch
        {
            room.Return();
            throw;
        }
    }

    private static JsonBody<T> Parse(ReadOnlyMemory<byte> body)
    {
        var tensors = new LargeTensors();
        try
        {
            using var collecting = tensors.Collect();
            return new JsonBody<T>(Parse(new ReadOnlySequence<byte>(body), LargeTensors.Options), tensors);
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    /// <exception cref="InvalidDataException">It is in another encoding.</exception>
    private static T? Parse(ReadOnlySequence<byte> body, JsonSerializerOptions options)
    {
        // The mark tells nothing of UTF-8, and a parser may pass over it (RFC 8259, section 8.1).
        var start = new SequenceReader<byte>(body);
        body = start.IsNext(Encoding.UTF8.Preamble, advancePast: true) ? start.UnreadSequence : body;
        if (IsOfWiderUnits(body))
        {
            throw new InvalidDataException("the body is in UTF-16 or UTF-32; JSON is read in UTF-8");
        }

        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = options.MaxDepth });
        var value = JsonSerializer.Deserialize<T>(ref json, options);
        // What stands behind the document is no JSON either.
        _ = json.Read();
        return value;
    }

    // A mark of theirs, or the zero beside the first character of a document, which is one of ASCII.
    private static bool IsOfWiderUnits(ReadOnlySequence<byte> body)
    {
        Span<byte> first = stackalloc byte[2];
        if (body.Length < first.Length)
        {
            return false;
        }

        body.Slice(0, first.Length).CopyTo(first);
        return first.Contains((byte)0) || first is [0xFF, 0xFE] or [0xFE, 0xFF];
    }
}
