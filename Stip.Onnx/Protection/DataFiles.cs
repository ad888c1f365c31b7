using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Stip.Onnx.Model;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection;

/// <summary>
/// Writes weights beside their graph. A digest goes through a file from its first byte to its last, on one core;
/// what is long becomes several files of about the same length, so that some are hashed at a time.
/// </summary>
internal static class DataFiles
{
    // They share the tiles of one file, so that memory is the same whatever the length of the model.
    private const int MostAtOnce = 4;

    /// <summary>About how long the files of a package are.</summary>
    public const long UsualBytes = 1L << 30;

    /// <param name="tensors">What to write, in order.</param>
    /// <param name="graphPath">The ONNX file that the data belongs to.</param>
    /// <param name="fileBytes">About how long a file may be; a tensor is never cut.</param>
    /// <param name="bytesWritten">Called with the bytes written so far, after each tensor.</param>
    /// <returns>The files with their digests; none where there are no tensors.</returns>
    public static IReadOnlyList<PackageFile> Write(
        IReadOnlyList<ExternalTensor> tensors, string graphPath, long fileBytes, Action<long>? bytesWritten)
    {
        var shares = Shares(tensors, fileBytes);
        var files = new PackageFile[shares.Count];
        var progress = new Progress(bytesWritten);
        var atOnce = Math.Min(MostAtOnce, Environment.ProcessorCount);
        var buffers = HashedFile.MostBuffers / Math.Clamp(shares.Count, 1, atOnce);
        var options = new ParallelOptions { MaxDegreeOfParallelism = atOnce };
        try
        {
            Parallel.ForEach(
                Partitioner.Create(Enumerable.Range(0, shares.Count), EnumerablePartitionerOptions.NoBuffering),
                options,
                number => files[number] = Write(shares[number], graphPath, number, buffers, progress));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        return files;
    }

    private static List<ExternalTensor[]> Shares(IReadOnlyList<ExternalTensor> tensors, long fileBytes)
    {
        var all = tensors.Sum(tensor => tensor.ByteLength);
        var (full, rest) = Math.DivRem(all, fileBytes);
        var each = all / Math.Max(1, rest == 0 ? full : full + 1);
        var (shares, share, length) = (new List<ExternalTensor[]>(), new List<ExternalTensor>(), 0L);
        foreach (var tensor in tensors)
        {
            share.Add(tensor);
            length += tensor.ByteLength;
            if (length >= each && !tensor.IsFollowed)
            {
                shares.Add([.. share]);
                share.Clear();
                length = 0;
            }
        }

        if (share.Count > 0)
        {
            shares.Add([.. share]);
        }

        return shares;
    }

    private static PackageFile Write(
        ExternalTensor[] tensors, string graphPath, int number, int buffers, Progress progress)
    {
        var location = number == 0 ? $"{Path.GetFileName(graphPath)}.data"
            : string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(graphPath)}.{number}.data");
        using var file = new HashedFile(Path.Combine(Path.GetDirectoryName(graphPath) ?? "", location), buffers);
        var before = 0L;
        var writer = new ExternalDataWriter(file, location, bytes =>
        {
            progress.Add(bytes - before);
            before = bytes;
        });
        foreach (var (target, byteLength, writeTo) in tensors)
        {
            writer.Write(target, byteLength, writeTo);
        }

        return file.Complete();
    }

    private sealed class Progress(Action<long>? bytesWritten)
    {
        private readonly Lock _gate = new();
        private long _bytes;

        public void Add(long bytes)
        {
            lock (_gate)
            {
                _bytes += bytes;
                bytesWritten?.Invoke(_bytes);
            }
        }
    }
}
