using System.Buffers;
using System.IO.Pipelines;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints;

/// <summary>Reads the header of a safetensors body and leaves the body where it is.</summary>
internal static class SafetensorsHead
{
    private const int PrefixBytes = 8;
    private const int MaxHeaderBytes = 16 << 10;

    /// <param name="reader">Of the body.</param>
    /// <param name="totalBytes">Its length; null where nobody said it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="InvalidDataException">No header of a body of this length.</exception>
    public static async Task<SafetensorsHeader> ReadAsync(
        PipeReader reader, long? totalBytes, CancellationToken cancellation)
    {
        var jsonBytes = Look(
            reader, await reader.ReadAtLeastAsync(PrefixBytes, cancellation),
            start => JsonLength(start, totalBytes ?? long.MaxValue));
        if (jsonBytes > MaxHeaderBytes)
        {
            throw new InvalidDataException($"a header of {jsonBytes} bytes is longer than {MaxHeaderBytes}");
        }

        return Look(
            reader, await reader.ReadAtLeastAsync(PrefixBytes + jsonBytes, cancellation),
            start => Parse(start, jsonBytes, totalBytes));
    }

    // A reader must be let go of even where the bytes are refused.
    private static T Look<T>(PipeReader reader, ReadResult result, Func<ReadOnlySequence<byte>, T> look)
    {
        try
        {
            return look(result.Buffer);
        }
        finally
        {
            reader.AdvanceTo(result.Buffer.Start);
        }
    }

    private static int JsonLength(in ReadOnlySequence<byte> start, long totalBytes)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        var present = start.Slice(0, Math.Min(PrefixBytes, start.Length));
        present.CopyTo(prefix);
        return SafetensorsHeader.ReadJsonLength(prefix[..(int)present.Length], totalBytes);
    }

    private static SafetensorsHeader Parse(in ReadOnlySequence<byte> start, int jsonBytes, long? totalBytes)
    {
        if (start.Length < PrefixBytes + jsonBytes)
        {
            throw new InvalidDataException($"the body ends inside its header of {jsonBytes} bytes");
        }

        var json = start.Slice(PrefixBytes, jsonBytes);
        var bytes = json.IsSingleSegment ? json.FirstSpan : json.ToArray();
        return totalBytes is { } total
            ? SafetensorsHeader.Parse(bytes, total)
            : SafetensorsHeader.ParseWithin(bytes, long.MaxValue);
    }
}
