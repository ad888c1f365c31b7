using System.Runtime.InteropServices;
using Stip.Keys.Bundles;
using Stip.Keys.Permutations;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection;

/// <summary>The client's tensors: tables with permuted columns, and where each token's logit stands.</summary>
internal static class ClientTables
{
    /// <summary>
    /// Copies <c>embedding.safetensors</c> with the columns of every table moved, row by row, in the same type.
    /// </summary>
    public static void WriteEmbedding(string from, string to, Permutation? hidden)
    {
        using var file = SafetensorsFile.Open(from);
        var entries = file.Header.Entries.Values.OrderBy(entry => entry.Offset);
        var sources = entries.Select(entry => new SafetensorsWriter.Source(
            entry.Name, entry.Dtype, entry.Shape, stream => CopyRows(file, entry, hidden, stream)));
        using var stream = new FileStream(to, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        SafetensorsWriter.Write(stream, [.. sources], file.Header.Metadata);
    }

    /// <summary>
    /// Writes <c>output.safetensors</c>: the plain logit of token j is the server's logit at entry j.
    /// </summary>
    public static void WriteOutput(string to, int vocabSize, Permutation? vocab)
    {
        var targets = (vocab ?? Permutation.Identity(vocabSize)).Targets;
        var bytes = MemoryMarshal.AsBytes(targets).ToArray();
        using var stream = new FileStream(to, FileMode.CreateNew, FileAccess.Write);
        SafetensorsWriter.Write(stream, [SafetensorsWriter.Source.FromBytes(
            BundleManifest.VocabPermutationTensor, TensorDtype.Int32, [vocabSize], bytes)]);
    }

    private static void CopyRows(SafetensorsFile file, SafetensorsEntry entry, Permutation? hidden, Stream stream)
    {
        var rowBytes = checked((int)(entry.Shape[^1] * entry.Dtype.ByteSize()));
        var moved = new byte[rowBytes];
        for (var start = 0L; start < entry.ByteLength; start += rowBytes)
        {
            var row = file.Bytes(entry, start, rowBytes);
            if (hidden is null)
            {
                stream.Write(row);
                continue;
            }

            Move(row, moved, entry.Dtype.ByteSize(), hidden);
            stream.Write(moved);
        }
    }

    private static void Move(ReadOnlySpan<byte> row, byte[] moved, int bytes, Permutation hidden)
    {
        if (bytes == sizeof(ushort))
        {
            Move<ushort>(row, moved, hidden);
        }
        else
        {
            Move<uint>(row, moved, hidden);
        }
    }

    private static void Move<T>(ReadOnlySpan<byte> row, byte[] moved, Permutation hidden)
        where T : unmanaged => hidden.Apply(
            MemoryMarshal.Cast<byte, T>(row),
            MemoryMarshal.Cast<byte, T>(moved.AsSpan()));
}
