using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection.Tables;

/// <summary>Compares tables that stand in the place of a client's graph, row by row, with what the plain graph
/// gives.</summary>
internal static class TableCheck
{
    /// <summary>Name of the first table whose rows are not what they should be, null where all are right.</summary>
    public static string? FirstMisplaced(PlainModel plain, GraphPart part, ProtectedModel package)
    {
        var source = plain.Sources.First(source => source.Role == part.Role);
        var rows = package.PlanOf(part.Role).Inputs.GetValueOrDefault(DecoderPorts.Embeds);
        if (LookupTerms.Find(part.Graph, source.TokenNames) is not { } terms
            || new LookupTables(part.Model, plain.FolderOf(part), source, terms).Find() is not { } tables)
        {
            return part.FileName;
        }

        using var file = SafetensorsFile.Open(Path.Combine(package.ClientFolder, BundleManifest.EmbeddingFileName));
        return tables.FirstOrDefault(table => !IsRight(table.Value, rows, file, table.Key)).Key
            ?? (file.Header.Entries.Count == tables.Count ? null : "(a table too many)");
    }

    private static bool IsRight(IEnumerable<HostTensor> pieces, PortPlan? rows, SafetensorsFile file, string table)
    {
        if (!file.Header.Entries.TryGetValue(table, out var entry))
        {
            return false;
        }

        var done = 0L;
        foreach (var piece in pieces)
        {
            // A port has batch and sequence before its features.
            var wide = piece with { Shape = [1, .. piece.Shape] };
            var moved = rows?.Protect(wide) ?? wide;
            if (done + moved.Bytes.Length > entry.ByteLength
                || !file.Bytes(entry, done, moved.Bytes.Length).SequenceEqual(moved.Bytes))
            {
                return false;
            }

            done += moved.Bytes.Length;
        }

        return done == entry.ByteLength;
    }
}
