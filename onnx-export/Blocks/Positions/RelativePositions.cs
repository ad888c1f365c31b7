using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Positions;

/// <summary>Relative positions as rows of features, and which of them rows have to one another (DeBERTa): near
/// distances have a row each, far ones share rows, the wider the farther.</summary>
/// <param name="Rows">Name of the rows <c>[2·span, hidden]</c> in the graph.</param>
/// <param name="Places">Name of the row of every query and key, int64 <c>[1, 1, seq, seq]</c>.</param>
/// <param name="PlacesTurned">The same for every key and query.</param>
/// <param name="FromContent">True where queries ask for positions.</param>
/// <param name="ToContent">True where positions ask for keys.</param>
internal sealed record RelativePositions(
    string Rows, string Places, string PlacesTurned, bool FromContent, bool ToContent)
{
    private const string Name = "positions";

    /// <summary>Appends what all layers share.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="rows">Name of the rows in the graph.</param>
    /// <param name="buckets">Rows of each direction; 0 where every distance has its own.</param>
    /// <param name="span">Half the number of rows.</param>
    /// <param name="farthest">Distance from which on all share one row.</param>
    /// <param name="context">Most positions of a text.</param>
    /// <param name="kinds">Which scores there are, <c>c2p</c> and <c>p2c</c>.</param>
    public static RelativePositions Append(
        EncoderGraph encoder,
        string rows,
        int buckets,
        int span,
        int farthest,
        int context,
        IReadOnlyList<string> kinds)
    {
        var graph = encoder.Graph;

        // Rows of all distances from the farthest key after the query on.
        long[] table = [.. Enumerable.Range(1 - context, (2 * context) - 1)
            .Select(distance => (long)Math.Clamp(BucketOf(-distance, buckets, farthest) + span, 0, (2 * span) - 1))];
        var index = graph.Add("Add", $"{Name}.index", [
            RowDistances.Append(encoder), graph.AddScalarConstant($"{Name}.middle", context - 1)]);
        var row = graph.Add("Gather", $"{Name}.row", [graph.AddConstant($"{Name}.of_distances", table), index]);
        var places = graph.Add("Unsqueeze", Name, [row, graph.AddConstant($"{Name}.axes", 0, 1)]);
        return new RelativePositions(
            rows,
            places,
            graph.Add("Transpose", $"{Name}.turned", [places], NodeAttribute.Ints("perm", 0, 1, 3, 2)),
            kinds.Contains("c2p"),
            kinds.Contains("p2c"));
    }

    /// <summary>The bucket of a query's position less that of the key.</summary>
    public static int BucketOf(int distance, int buckets, int farthest)
    {
        var middle = buckets / 2;
        var away = Math.Abs(distance);
        if (buckets == 0 || away <= middle)
        {
            return distance;
        }

        var wide = Math.Ceiling(
            Math.Log((double)away / middle) / Math.Log((farthest - 1.0) / middle) * (middle - 1)) + middle;
        return Math.Sign(distance) * (int)wide;
    }
}
