using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Vision;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Positions;

/// <summary>What the offset of two patches adds to the score of each head (BEiT).</summary>
/// <param name="patches">How images are cut.</param>
/// <param name="heads">Attention heads.</param>
/// <param name="tables">The table of a layer in the checkpoint; layers may share one.</param>
internal sealed class PatchOffsets(PatchSizes patches, int heads, Func<int, string> tables)
{
    private const string Name = "offsets";

    private readonly int _down = 2 * patches.Rows - 1;
    private readonly int _across = 2 * patches.Columns - 1;

    /// <summary>How each layer knows positions.</summary>
    public Func<int, RowPositions> Positions(EncoderGraph encoder) => layer =>
    {
        var graph = encoder.Graph;
        var rows = (_down * _across) + 3;
        var name = $"layers.{(tables(layer) == tables(0) ? 0 : layer)}.{Name}";
        if (graph.Has($"{name}/Unsqueeze/output"))
        {
            return new RowPositions(ScoreBias: $"{name}/Unsqueeze/output");
        }

        var stored = encoder.Tensors.Require(tables(layer), rows, heads);
        var table = graph.AddWeight(name, encoder.Weights.Vector((stored, HeadPadding.None(rows * heads))) with
        {
            Shape = [rows, heads],
        });
        var picked = graph.Add("Gather", $"{name}/Gather", [table, Index(graph)]); // [tokens, tokens, heads]
        var turned = graph.Add("Transpose", $"{name}/Transpose", [picked], NodeAttribute.Ints("perm", 2, 0, 1));
        return new RowPositions(ScoreBias: graph.Add("Unsqueeze", $"{name}/Unsqueeze", [turned, Axis(graph)]));
    };

    private static string Axis(GraphBuilder graph) =>
        graph.Shared($"{Name}.axis", 0);

    // Which row of the table two tokens have; the last three are those of the class token: from it, to it, and both.
    private string Index(GraphBuilder graph)
    {
        if (graph.Has($"{Name}.shaped/output"))
        {
            return $"{Name}.shaped/output";
        }

        var tokens = patches.Count + 1;
        var index = new long[tokens * tokens];
        for (var i = 0; i < index.Length; i++)
        {
            var (query, key) = Math.DivRem(i, tokens);
            index[i] = (query, key) switch
            {
                (0, 0) => (_down * _across) + 2,
                (0, _) => _down * _across,
                (_, 0) => (_down * _across) + 1,
                _ => Offset(query - 1, key - 1),
            };
        }

        return graph.Add("Reshape", $"{Name}.shaped", [
            graph.AddConstant($"{Name}.index", index), graph.AddConstant($"{Name}.shape", tokens, tokens)]);
    }

    private int Offset(int query, int key)
    {
        var (rowOfQuery, columnOfQuery) = Math.DivRem(query, patches.Columns);
        var (rowOfKey, columnOfKey) = Math.DivRem(key, patches.Columns);
        return ((rowOfQuery - rowOfKey + patches.Rows - 1) * _across)
            + columnOfQuery - columnOfKey + patches.Columns - 1;
    }
}
