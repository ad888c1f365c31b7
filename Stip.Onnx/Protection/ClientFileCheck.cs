using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection;

/// <summary>Compares what users are given with what the keys say: every row of the client's tables, of which random
/// tokens reach a few only, and the orders of outputs, which no run reads.</summary>
internal static class ClientFileCheck
{
    /// <summary>The first thing that is not as it should be, as a sentence; null where all is right.</summary>
    public static string? Fault(PlainModel plain, ProtectedModel package) =>
        TableFault(plain, package) ?? OrderFault(plain, package);

    /// <summary>A sentence for an output that packages of before had no order of, as it moves along several axes; null
    /// where there is none.</summary>
    public static string? Warning(PlainModel plain, ProtectedModel package)
    {
        var orders = OutputOrders.Of(plain, package.PlanOf);
        using var file = SafetensorsFile.Open(Path.Combine(package.ClientFolder, BundleManifest.OutputFileName));
        return orders.Sources.FirstOrDefault(order => IsLeftOut(file, orders, order)) is { } order
            ? $"'{order.Name}' is missing in {BundleManifest.OutputFileName}, as in packages of before; who wants this "
                + "output in the plain order protects the model anew"
            : null;
    }

    private static string? TableFault(PlainModel plain, ProtectedModel package)
    {
        if (!plain.HasTables)
        {
            return null;
        }

        using var mine = SafetensorsFile.Open(Path.Combine(plain.Folder, BundleManifest.EmbeddingFileName));
        using var moved = SafetensorsFile.Open(Path.Combine(package.ClientFolder, BundleManifest.EmbeddingFileName));
        var columns = ClientTables.ColumnsOf(plain, package.PlanOf);
        return ClientTables.Moved(mine, columns).FirstOrDefault(table => !IsIn(moved, table)) is { } wrong
            ? $"weight '{wrong.Name}' of {BundleManifest.EmbeddingFileName} is not where the keys say"
            : null;
    }

    private static string? OrderFault(PlainModel plain, ProtectedModel package)
    {
        var orders = OutputOrders.Of(plain, package.PlanOf);
        using var file = SafetensorsFile.Open(Path.Combine(package.ClientFolder, BundleManifest.OutputFileName));
        foreach (var order in orders.Sources.Where(order => !IsLeftOut(file, orders, order)))
        {
            if (!file.Header.Entries.ContainsKey(order.Name))
            {
                return $"'{order.Name}' is missing in {BundleManifest.OutputFileName}, so that nobody can read this "
                    + "output; protect the model anew";
            }

            // Packages were made without axes before.
            var axes = file.Header.Metadata.GetValueOrDefault(order.Name);
            if (!IsIn(file, order) || (axes is not null && axes != orders.Axes.GetValueOrDefault(order.Name)))
            {
                return $"'{order.Name}' of {BundleManifest.OutputFileName} is not the order that the keys say";
            }
        }

        return null;
    }

    // Only orders along several axes were ever left out.
    private static bool IsLeftOut(SafetensorsFile file, OutputOrders orders, SafetensorsWriter.Source order) =>
        !file.Header.Entries.ContainsKey(order.Name)
        && orders.Axes.GetValueOrDefault(order.Name)?.Contains(',', StringComparison.Ordinal) == true;

    private static bool IsIn(SafetensorsFile file, SafetensorsWriter.Source expected)
    {
        if (!file.Header.Entries.TryGetValue(expected.Name, out var entry) || entry.Dtype != expected.Dtype
            || !entry.Shape.SequenceEqual(expected.Shape))
        {
            return false;
        }

        using var check = new ComparingStream(
            entry.ByteLength, (offset, count) => file.Bytes(entry, offset, count));
        expected.WriteTo(check);
        return check.IsEqual;
    }
}
