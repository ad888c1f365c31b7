using Stip.Export.Blocks.Attention;
using Stip.Onnx;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Positions;

/// <summary>What the distance between two positions adds to the score of each head (T5, arXiv 1910.10683): distances
/// fall into buckets, one each for near ones, wider and wider ones for far ones.</summary>
/// <param name="Stored">Rows of the table in the checkpoint.</param>
/// <param name="Heads">Attention heads.</param>
internal sealed record DistanceBias(int Stored, int Heads)
{
    private const string Name = "score_bias";

    // Published models have 128; what a graph looks up is a table of twice as many.
    private const int LargestFarthest = 1 << 16;

    /// <summary>How many buckets there are; rows of the table beyond them are not read.</summary>
    public int Buckets { get; init; } = 32;

    /// <summary>The distance from which on all fall into the last bucket.</summary>
    public int Farthest { get; init; } = 128;

    /// <summary>True where each direction has half of the buckets; false where rows see none that come later.</summary>
    public bool IsTwoSided { get; init; } = true;

    /// <summary>Name in the graph of what all tables of these buckets share.</summary>
    public string Shared { get; init; } = Name;

    /// <summary>The fields of config.json that say the number of buckets and the farthest distance.</summary>
    public (string Buckets, string Farthest) Fields { get; init; } =
        ("relative_attention_num_buckets", "relative_attention_max_distance");

    /// <summary>Buckets of all distances from the most negative one on; those beyond the farthest share its.</summary>
    /// <exception cref="RefusedException">There cannot be such buckets.</exception>
    public long[] All()
    {
        Check();
        return [.. Enumerable.Range(-Farthest, (2 * Farthest) + 1).Select(place => BucketOf(place))];
    }

    /// <summary>The bucket of a key's position less that of the query.</summary>
    public int BucketOf(int distance)
    {
        var own = IsTwoSided ? Buckets / 2 : Buckets;
        var exact = own / 2;
        var direction = IsTwoSided && distance > 0 ? own : 0;
        var away = IsTwoSided ? Math.Abs(distance) : Math.Max(-distance, 0);
        if (away < exact)
        {
            return direction + away;
        }

        var wide = MathF.Log(away / (float)exact) / (float)Math.Log((double)Farthest / exact) * (own - exact);
        return direction + Math.Min(exact + (int)wide, own - 1);
    }

    /// <summary>Appends the bias of all heads, <c>[1, heads, seq, seq]</c>.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="tensor">The table <c>[buckets, heads]</c> in the checkpoint.</param>
    /// <param name="name">Name in the graph, for models with several tables.</param>
    public string Append(ModelGraph model, string tensor, string name = Name) =>
        Append(model, tensor, RowDistances.Append(model), name);

    /// <summary>The same for distances at hand, <c>[queries, keys]</c>.</summary>
    public string Append(ModelGraph model, string tensor, string distances, string name)
    {
        var all = All();
        var graph = model.Graph;
        var bucket = $"{Shared}.bucket";
        if (!graph.Has($"{bucket}/output"))
        {
            var near = graph.Add("Clip", $"{Shared}.near", [
                distances,
                graph.AddScalarConstant($"{Shared}.first_place", -Farthest),
                graph.AddScalarConstant($"{Shared}.last_place", Farthest)]);
            graph.Add("Gather", bucket, [
                graph.AddConstant($"{Shared}.buckets", all),
                graph.Add("Add", $"{Shared}.index", [near, graph.AddScalarConstant($"{Shared}.middle", Farthest)])]);
        }

        var stored = model.Tensors.Require($"{tensor}.weight", Stored, Heads);
        var flat = model.Weights.Vector((stored, HeadPadding.None(Stored * Heads)));
        var table = graph.AddWeight($"{name}.weight", flat with { Shape = [Stored, Heads] });
        var rows = graph.Add("Gather", $"{name}.rows", [table, $"{bucket}/output"]); // [queries, keys, heads]
        var turned = graph.Add("Transpose", $"{name}.turned", [rows], NodeAttribute.Ints("perm", 2, 0, 1));
        return graph.Add("Unsqueeze", name, [turned, graph.Shared($"{Name}.first", 0)]);
    }

    private void Check()
    {
        // Each direction has a bucket for one distance, and one for all that are wider.
        var least = Math.Max(IsTwoSided ? 4 : 2, Buckets);
        if (Stored < least)
        {
            throw new RefusedException(
                $"config.json: {Fields.Buckets} is {Stored}; it must be at least {least}");
        }

        var exact = (IsTwoSided ? Buckets / 2 : Buckets) / 2;
        if (Farthest <= exact || Farthest > LargestFarthest)
        {
            throw new RefusedException(
                $"config.json: {Fields.Farthest} is {Farthest}; it must be {exact + 1}..{LargestFarthest}");
        }
    }
}
