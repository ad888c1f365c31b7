using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Model;

namespace Stip.Export.Architectures;

/// <summary>One stage of Swin after the other.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="config">config.json.</param>
internal sealed class SwinStage(EncoderGraph encoder, ConfigJson config)
{
    private const string Root = "swin.encoder.layers";

    private readonly Norm _norm = Norm.Layer(config.Positive("layer_norm_eps", 1e-5));
    private readonly IReadOnlyList<int> _heads = config.Sizes("num_heads") ?? [3, 6, 12, 24];
    private readonly int _window = config.FindSize("window_size") ?? 7;
    private readonly double _ratio = config.Positive("mlp_ratio", 4);
    private readonly bool _hasBias = config.Flag("qkv_bias", true);
    private readonly string _function = config.Text("hidden_act") ?? "gelu";

    /// <summary>Appends the blocks of a stage.</summary>
    /// <param name="rows">Rows <c>[batch, patches, width]</c>.</param>
    /// <param name="stage">Index of the stage.</param>
    /// <param name="depth">Number of blocks.</param>
    /// <param name="down">Patches from top to bottom.</param>
    /// <param name="across">Patches from left to right.</param>
    /// <param name="width">Width of a row.</param>
    /// <returns>Rows of the same shape.</returns>
    public string AppendBlocks(string rows, int stage, int depth, int down, int across, int width)
    {
        if (stage >= _heads.Count || width % _heads[stage] != 0 || Math.Min(down, across) < _window)
        {
            throw new RefusedException($"config.json: stage {stage} of this Swin has {down} × {across} patches of "
                + $"width {width}; num_heads must divide it, and no side may be below window_size ({_window})");
        }

        for (var block = 0; block < depth; block++)
        {
            var shift = block % 2 == 0 || Math.Min(down, across) == _window ? 0 : _window / 2;
            rows = AppendBlock(rows, stage, block, new WindowPlan(down, across, _window, shift), width);
        }

        return rows;
    }

    /// <summary>Appends what makes one patch of four, twice as wide.</summary>
    public string AppendMerging(string rows, int stage, int down, int across, int width)
    {
        var (graph, name, tensor) = (encoder.Graph, $"stages.{stage}.merging", $"{Root}.{stage}.downsample");
        if (down % 2 + across % 2 > 0)
        {
            rows = graph.Add("Pad", $"{name}/Pad", [rows, graph.AddConstant($"{name}.row", 0, 0, 0, 0, 1, 0)]);
        }

        var fours = graph.Add(
            "Gather",
            $"{name}/Gather",
            [rows, graph.AddConstant($"{name}.fours", Fours(down, across))],
            NodeAttribute.Int("axis", 1));
        var merged = graph.Add(
            "Reshape", $"{name}/Reshape", [fours, graph.AddConstant($"{name}.shape", 0, -1, 4 * width)]);
        var normed = Norm.Layer(1e-5).Append(
            encoder, $"{name}.norm", $"{tensor}.norm", merged, HeadPadding.None(4 * width));
        return Linear.FromLinear(
            encoder, name, normed, $"{tensor}.reduction", 4 * width, 2 * width, hasBias: false);
    }

    private string AppendBlock(string rows, int stage, int block, WindowPlan plan, int width)
    {
        var (graph, name, tensor) = (
            encoder.Graph, $"stages.{stage}.{block}", $"{Root}.{stage}.blocks.{block}");
        var channels = HeadPadding.None(width);
        var normed = _norm.Append(encoder, $"{name}.attention_norm", $"{tensor}.layernorm_before", rows, channels);
        var attended = new WindowAttention(encoder, plan, width, _heads[stage], _hasBias).Append(
            $"{name}.attention", $"{tensor}.attention", normed);
        rows = graph.Add("Add", $"{name}/attended", [rows, attended]);
        normed = _norm.Append(encoder, $"{name}.mlp_norm", $"{tensor}.layernorm_after", rows, channels);
        var inner = config.Width("mlp_ratio", _ratio * width);
        var up = Linear.FromLinear(
            encoder, $"{name}.up", normed, $"{tensor}.intermediate.dense", width, inner, hasBias: true);
        var active = Activation.Append(graph, _function, $"{name}.act", up);
        var given = Linear.FromLinear(
            encoder, $"{name}.down", active, $"{tensor}.output.dense", inner, width, hasBias: true);
        return graph.Add("Add", $"{name}/moved", [rows, given]);
    }

    // Upper left, lower left, upper right, lower right; what lies outside is the row of zeros after the last.
    private static long[] Fours(int down, int across) =>
    [
        .. from row in Enumerable.Range(0, (down + 1) / 2)
           from column in Enumerable.Range(0, (across + 1) / 2)
           from side in new[] { (0, 0), (1, 0), (0, 1), (1, 1) }
           let at = (Row: (2 * row) + side.Item1, Column: (2 * column) + side.Item2)
           select at.Row < down && at.Column < across ? ((long)at.Row * across) + at.Column : (long)down * across,
    ];
}
