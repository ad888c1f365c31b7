using System.Net;

namespace Stip.Client.Transport;

/// <summary>The body of a step: its head, and the rows where they lie. Rows are most of it, and a copy of them would be
/// garbage with every token.</summary>
internal sealed class StepContent(
    ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> rows, ReadOnlyMemory<byte> source) : HttpContent
{
    public int Bytes => head.Length + rows.Length + source.Length;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(head, cancellationToken);
        await stream.WriteAsync(rows, cancellationToken);
        if (!source.IsEmpty)
        {
            await stream.WriteAsync(source, cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = Bytes;
        return true;
    }
}
