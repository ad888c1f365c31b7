using System.Runtime.InteropServices;
using Stip.Keys.Permutations;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Running;
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
        using var stream = new FileStream(to, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        SafetensorsWriter.Write(stream, [.. Moved(file, hidden)], file.Header.Metadata);
    }

    /// <summary>The tables of a plain file with their columns moved, in the file's order.</summary>
    public static IEnumerable<SafetensorsWriter.Source> Moved(SafetensorsFile file, Permutation? hidden) =>
        file.Header.Entries.Values.OrderBy(entry => entry.Offset).Select(entry => new SafetensorsWriter.Source(
            entry.Name, entry.Dtype, entry.Shape, stream => CopyRows(file, entry, hidden, stream)));

    /// <summary>How the columns of the tables move: as what the rows are fed into does.</summary>
    /// <param name="plain">A model with tables.</param>
    /// <param name="plans">What moves in a graph, by its key.</param>
    public static Permutation? ColumnsOf(PlainModel plain, Func<string, ProtectionPlan> plans)
    {
        // Rows of tokens go into the main graph, or the first layers of it; a vision graph has rows of its own.
        var main = MainRoles.Of(plain.Parts.Where(part => !part.IsClient).Select(part => part.Role));
        var layers = plain.Parts.FirstOrDefault(part => part.IsClient && part.Role == main
            && part.Graph.Input.Any(input => input.Name == ClientLayers.Rows));
        return (layers is null
            ? plans(main).Inputs.GetValueOrDefault(DecoderPorts.Embeds)
            : plans(layers.Key).Inputs.GetValueOrDefault(ClientLayers.Rows))?.Permutation;
    }

    /// <summary>
    /// Writes <c>output.safetensors</c>: the plain logit of token j is the server's logit at entry j, and the same for
    /// the features of every other output that a client reads.
    /// </summary>
    public static void WriteOutput(string to, PlainModel plain, DrawnPlans plans)
    {
        var orders = OutputOrders.Of(plain, key => plans.ByPart[key]);
        using var stream = new FileStream(to, FileMode.CreateNew, FileAccess.Write);
        SafetensorsWriter.Write(stream, orders.Sources, orders.Axes);
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
