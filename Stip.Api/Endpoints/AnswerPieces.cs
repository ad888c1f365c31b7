using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Stip.Api.Endpoints;

/// <summary>Writes what is large as fast as its reader takes it, so that no more than a piece of it waits in buffers of
/// the web server.</summary>
internal static class AnswerPieces
{
    /// <summary>Bytes that are written before the reader is waited for.</summary>
    public const int PieceBytes = 64 << 10;

    /// <summary>Writes; what does not fill a piece waits for <see cref="FlushAsync"/>.</summary>
    public static async ValueTask WriteAsync(
        PipeWriter output, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        while (!data.IsEmpty)
        {
            var piece = data[..Math.Min(PieceBytes, data.Length)];
            output.Write(piece.Span);
            await FlushFullAsync(output, cancellation);
            data = data[piece.Length..];
        }
    }

    /// <summary>As <see cref="FlushAsync"/>, once there is a piece to send: many small rows go together.</summary>
    public static ValueTask FlushFullAsync(PipeWriter output, CancellationToken cancellation) =>
        output.CanGetUnflushedBytes && output.UnflushedBytes < PieceBytes
            ? ValueTask.CompletedTask
            : FlushAsync(output, cancellation);

    /// <summary>Waits until the reader has taken most of what was written.</summary>
    /// <exception cref="ConnectionResetException">Nobody reads any more, whether the request was told of it yet or not.
    /// </exception>
    public static async ValueTask FlushAsync(PipeWriter output, CancellationToken cancellation)
    {
        var result = await output.FlushAsync(cancellation);
        cancellation.ThrowIfCancellationRequested();
        if (result.IsCompleted || result.IsCanceled)
        {
            throw new ConnectionResetException("the answer's reader is gone");
        }
    }
}
