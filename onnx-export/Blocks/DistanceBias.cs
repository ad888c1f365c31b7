using Stip.Onnx;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>What the distance between two positions adds to the score of each head (T5, arXiv 1910.10683): distances
/// fall into buckets, one each for near ones, wider and wider ones for far ones, apart for each direction.</summary>
/// <param name="Stored">Rows of the table in the checkpoint.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="Positions">Most positions of a text.</param>
internal sealed record DistanceBias(int Stored, int Heads, int Positions)
{
    // Fixed in the definition of MPNet.
    private const int Buckets = 32;
    private const int Farthest = 128;
    private const string Name = "score_bias";

    /// <summary>The bucket of a key's position less that of the query.</summary>
    public static int BucketOf(int distance)
    {
        const int half = Buckets / 2;
        const int exact = half / 2;
        var direction = distance > 0 ? half : 0;
        var away = Math.Abs(distance);
        if (away < exact)
        {
            return direction + away;
        }

        var wide = MathF.Log(away / (float)exact) / (float)Math.Log(Farthest / exact) * (half - exact);
        return direction + Math.Min(exact + (int)wide, half - 1);
    }

    /// <summary>Appends the bias of all heads, <c>[1, heads, seq, seq]</c>.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="tensor">The table <c>[buckets, heads]</c> in the checkpoint.</param>
    public string Append(EncoderGraph encoder, string tensor)
    {
        if (Stored < Buckets)
        {
            throw new RefusedException(
                $"config.json: relative_attention_num_buckets is {Stored}; it must be at least {Buckets}");
        }

        var graph = encoder.Graph;
        var distances = RowDistances.Append(encoder); // [seq, seq]

        // Buckets of all distances from the most negative one on.
        long[] all = [.. Enumerable.Range(1 - Positions, (2 * Positions) - 1).Select(BucketOf)];
        var buckets = graph.Add("Gather", $"{Name}.bucket", [
            graph.AddConstant($"{Name}.buckets", all),
            graph.Add("Add", $"{Name}.index", [
                distances, graph.AddScalarConstant($"{Name}.middle", Positions - 1)])]);
        var stored = encoder.Tensors.Require($"{tensor}.weight", Stored, Heads);
        var flat = encoder.Weights.Vector((stored, HeadPadding.None(Stored * Heads)));
        var table = graph.AddWeight($"{Name}.weight", flat with { Shape = [Stored, Heads] });
        var rows = graph.Add("Gather", $"{Name}.rows", [table, buckets]); // [seq, seq, heads]
        var turned = graph.Add("Transpose", $"{Name}.turned", [rows], NodeAttribute.Ints("perm", 2, 0, 1));
        return graph.Add("Unsqueeze", Name, [turned, graph.AddConstant($"{Name}.first", 0)]);
    }
}
