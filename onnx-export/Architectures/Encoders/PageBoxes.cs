using Stip.Export.Checkpoints;
using Stip.Keys.Bundles;

namespace Stip.Export.Architectures.Encoders;

/// <summary>The client's tables for boxes on a page: a row for each edge, one for the height, one for the width.
/// </summary>
internal static class PageBoxes
{
    /// <summary>How often a place may be told apart, where a family says nothing else.</summary>
    public const int DefaultPlaces = 1024;

    // Left, upper, right, lower, height, width; files have one table for each direction.
    private static readonly string[] Stored = ["x", "y", "x", "y", "h", "w"];

    /// <summary>What each table is made of.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="root">Where the tables stand.</param>
    /// <param name="places">Rows of each.</param>
    /// <param name="widths">Width of edges, and of heights and widths.</param>
    /// <param name="make">Makes the client's table of the stored one, given how many features of others come before
    /// it.</param>
    public static IReadOnlyDictionary<string, CheckpointTensor> Tables(
        ITensorStore tensors,
        string root,
        int places,
        (int Edge, int Extent) widths,
        Func<string, CheckpointTensor, int, CheckpointTensor> make)
    {
        var (tables, before) = (new Dictionary<string, CheckpointTensor>(), 0);
        foreach (var (name, side) in EmbeddingManifest.Boxes.Zip(Stored))
        {
            var width = side is "x" or "y" ? widths.Edge : widths.Extent;
            tables.Add(
                name,
                make(name, tensors.Require($"{root}.{side}_position_embeddings.weight", places, width), before));
            before += width;
        }

        return tables;
    }
}
