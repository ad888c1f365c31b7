using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.Keys.Bundles;
using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Protocol.Packages;
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
    /// Writes <c>output.safetensors</c>: the plain logit of token j is the server's logit at entry j, and the same for
    /// the features of every other output that a client reads.
    /// </summary>
    public static void WriteOutput(string to, PlainModel plain, DrawnPlans plans)
    {
        var sources = new List<SafetensorsWriter.Source>();
        foreach (var part in plain.Parts.Where(part => !part.IsClient))
        {
            foreach (var output in GraphSignature.Outputs(part.Graph).Where(output => IsRead(plain, part, output.Name)))
            {
                var plan = plans.ByPart[part.Key].Outputs.GetValueOrDefault(output.Name);
                AddOutput(sources, plain, output, plan, output.Name == part.Logits);
            }
        }

        using var stream = new FileStream(to, FileMode.CreateNew, FileAccess.Write);
        SafetensorsWriter.Write(stream, sources);
    }

    private static void AddOutput(
        List<SafetensorsWriter.Source> sources,
        PlainModel plain,
        TensorManifest output,
        PortPlan? plan,
        bool isLogits)
    {
        // Two graphs may give the same words: their logits are joined, and one vector serves both.
        if (isLogits && sources.Exists(source => source.Name == BundleManifest.VocabPermutationTensor))
        {
            return;
        }

        if (isLogits && plain.Manifest.VocabSize > 0)
        {
            sources.Add(Vector(BundleManifest.VocabPermutationTensor, plan?.Permutation
                ?? Permutation.Identity(Width(output) ?? plain.Manifest.VocabSize)));
        }
        else if (plan is { Permutation: { } moved, FeatureAxes.Count: 0 or 1 })
        {
            sources.Add(Vector(BundleManifest.OutputPermutationPrefix + output.Name, moved));
        }
    }

    // A classifier's logits are as wide as its labels are many, whatever its vocabulary.
    private static int? Width(TensorManifest output) =>
        output.Shape is [.., { ValueKind: JsonValueKind.Number } last] ? last.GetInt32() : null;

    // Caches stay with the server, and what feeds another graph never reaches a user as an answer.
    private static bool IsRead(PlainModel plain, GraphPart part, string output) =>
        !output.StartsWith("present", StringComparison.Ordinal)
        && plain.Manifest.Graphs[part.Role].Cache?.Tensors?.Any(tensor => tensor.Present == output) != true
        && (output == part.Logits || plain.Joins.All(join => join.From != $"{part.Key}.{output}"));

    private static SafetensorsWriter.Source Vector(string name, Permutation permutation) =>
        SafetensorsWriter.Source.FromBytes(
            name, TensorDtype.Int32, [permutation.Length], MemoryMarshal.AsBytes(permutation.Targets).ToArray());

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
