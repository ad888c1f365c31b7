namespace Stip.Export.Blocks.Attention;

/// <summary>Where fused projections store heads: for every head of the graph (queries, then keys, then values) its
/// place among the stored ones.</summary>
internal static class QkvOrder
{
    private const int Machines = 4;

    /// <summary>Each key/value group together: its queries, its key, its value.</summary>
    public static int[] Grouped(AttentionHeads heads)
    {
        var queries = heads.Heads / heads.KvHeads;
        var group = queries + 2;
        var kvHeads = Enumerable.Range(0, heads.KvHeads).ToList();
        return
        [
            .. Enumerable.Range(0, heads.Heads).Select(head => head / queries * group + head % queries),
            .. kvHeads.Select(head => head * group + queries),
            .. kvHeads.Select(head => head * group + queries + 1),
        ];
    }

    /// <summary>CodeGen's: the heads of each of four machines together, queries, then values, then keys.</summary>
    public static int[] OfMachines(AttentionHeads heads)
    {
        var own = heads.Heads / Machines;
        return [.. Part(0), .. Part(2), .. Part(1)];

        IEnumerable<int> Part(int part) =>
            Enumerable.Range(0, heads.Heads).Select(head => (head / own * 3 + part) * own + head % own);
    }
}
