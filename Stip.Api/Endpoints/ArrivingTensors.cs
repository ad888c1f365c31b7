using System.IO.Pipelines;
using Stip.Api.Engine;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints;

/// <summary>Sorts the bytes of a safetensors body, as they come, into the room of its tensors, whose declarations were
/// judged: nothing of the body is kept but them.</summary>
/// <param name="header">Says where each tensor lies.</param>
/// <param name="tensors">Owned from here on.</param>
internal sealed class ArrivingTensors(
    SafetensorsHeader header, IReadOnlyList<(string Name, ArrivingRows Rows)> tensors) : IDisposable
{
    /// <summary>Bytes of the body that have come, its header among them.</summary>
    public long Length { get; private set; }

    /// <summary>Takes the next bytes of the body, of which the header is the first.</summary>
    public void Append(ReadOnlySpan<byte> piece)
    {
        foreach (var (name, rows) in tensors)
        {
            if (header.Entries.TryGetValue(name, out var entry))
            {
                var first = header.DataOffset + entry.Offset;
                var from = Math.Clamp(first - Length, 0, piece.Length);
                var to = Math.Clamp(first + entry.ByteLength - Length, from, piece.Length);
                rows.Append(piece[(int)from..(int)to]);
            }
        }

        Length += piece.Length;
    }

    /// <summary>Takes a body from its first byte to its last.</summary>
    /// <exception cref="InvalidDataException">It is not as long as its header says.</exception>
    public async Task ReadAsync(PipeReader reader, CancellationToken cancellation)
    {
        var end = header.EndOffset;
        while (Length <= end)
        {
            var result = await reader.ReadAsync(cancellation);
            foreach (var segment in result.Buffer)
            {
                Append(segment.Span);
            }

            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                break;
            }
        }

        if (Length != end)
        {
            throw new InvalidDataException(
                Length < end
                    ? $"the body ends after {Length} of {end} bytes"
                    : $"the body is longer than the {end} bytes that its header says");
        }
    }

    public void Dispose()
    {
        foreach (var (_, rows) in tensors)
        {
            rows.Dispose();
        }
    }
}
