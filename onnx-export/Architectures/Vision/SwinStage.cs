using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Model;

namespace Stip.Export.Architectures.Vision;

/// <summary>One stage of Swin after the other.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="config">config.json.</param>
/// <param name="root">Name of the model in the checkpoint.</param>
/// <param name="isSecond">True for version 2: norms after each part, scores that are cosines, and windows that are
/// never larger than the image.</param>
internal sealed class SwinStage(EncoderGraph encoder, ConfigJson config, string root, bool isSecond)
{
    private readonly string _layers = $"{root}.encoder.layers";
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
        var window = isSecond ? Math.Min(_window, down) : _window;
        if (stage >= _heads.Count || width % _heads[stage] != 0 || Math.Min(down, across) < window)
        {
            throw new RefusedException($"config.json: stage {stage} of this Swin has {down} × {across} patches of "
                + $"width {width}; num_heads must divide it, and no side may be below window_size ({_window})");
        }

        for (var block = 0; block < depth; block++)
        {
            // Version 2 asks the rows alone, also where an image is wider than it is high.
            var isOne = (isSecond ? down : Math.Min(down, across)) == window;
            var plan = new WindowPlan(down, across, window, block % 2 == 0 || isOne ? 0 : _window / 2);
            if ((long)Math.Max(plan.Down, plan.Across) * plan.Size * plan.Size > Array.MaxLength)
            {
                throw new RefusedException($"config.json: the pairs of {plan.Size} patches of a window in "
                    + $"{Math.Max(plan.Down, plan.Across)} windows are more than a graph can hold; there may be "
                    + $"1..{Array.MaxLength}");
            }

            rows = isSecond
                ? AppendSecond(rows, stage, block, plan, width)
                : AppendBlock(rows, stage, block, plan, width);
        }

        return rows;
    }

    /// <summary>Appends what makes one patch of four, twice as wide.</summary>
    public string AppendMerging(string rows, int stage, int down, int across, int width)
    {
        var (graph, name, tensor) = (encoder.Graph, $"stages.{stage}.merging", $"{_layers}.{stage}.downsample");
        if (down % 2 + across % 2 > 0)
        {
            if (isSecond)
            {
                // Its windows are counted by another number of patches than there are.
                throw new RefusedException($"config.json: stage {stage} of this Swin 2 has {down} × {across} patches; "
                    + "both must be even");
            }

            rows = graph.Add("Pad", $"{name}/Pad", [rows, graph.AddConstant($"{name}.row", 0, 0, 0, 0, 1, 0)]);
        }

        var fours = graph.Add(
            "Gather",
            $"{name}/Gather",
            [rows, graph.AddConstant($"{name}.fours", Fours(down, across))],
            NodeAttribute.Int("axis", 1));
        var merged = graph.Add(
            "Reshape", $"{name}/Reshape", [fours, graph.AddConstant($"{name}.shape", 0, -1, 4 * width)]);
        var norm = Norm.Layer(1e-5);
        if (!isSecond)
        {
            merged = norm.Append(
                encoder, $"{name}.norm", $"{tensor}.norm", merged, HeadPadding.None(4 * width));
        }

        var reduced = Linear.FromLinear(
            encoder, name, merged, $"{tensor}.reduction", 4 * width, 2 * width, hasBias: false);
        return isSecond
            ? norm.Append(encoder, $"{name}.norm", $"{tensor}.norm", reduced, HeadPadding.None(2 * width))
            : reduced;
    }

    private string AppendBlock(string rows, int stage, int block, WindowPlan plan, int width)
    {
        var (graph, name, tensor) = (
            encoder.Graph, $"stages.{stage}.{block}", $"{_layers}.{stage}.blocks.{block}");
        var channels = HeadPadding.None(width);
        var normed = _norm.Append(encoder, $"{name}.attention_norm", $"{tensor}.layernorm_before", rows, channels);
        var attended = new WindowAttention(encoder, plan, width, _heads[stage], _hasBias).Append(
            $"{name}.attention", $"{tensor}.attention", normed);
        rows = graph.Add("Add", $"{name}/attended", [rows, attended]);
        normed = _norm.Append(encoder, $"{name}.mlp_norm", $"{tensor}.layernorm_after", rows, channels);
        return graph.Add("Add", $"{name}/moved", [rows, FeedForward(name, tensor, normed, width)]);
    }

    private string AppendSecond(string rows, int stage, int block, WindowPlan plan, int width)
    {
        var (graph, name, tensor) = (
            encoder.Graph, $"stages.{stage}.{block}", $"{_layers}.{stage}.blocks.{block}");
        var channels = HeadPadding.None(width);
        var attended = new WindowAttention(encoder, plan, width, _heads[stage], _hasBias)
        {
            IsCosine = true,
            TrainedWindow = Trained(stage),
        }.Append($"{name}.attention", $"{tensor}.attention", rows);
        rows = graph.Add("Add", $"{name}/attended", [rows, _norm.Append(
            encoder, $"{name}.attention_norm", $"{tensor}.layernorm_before", attended, channels)]);
        return graph.Add("Add", $"{name}/moved", [rows, _norm.Append(
            encoder,
            $"{name}.mlp_norm",
            $"{tensor}.layernorm_after",
            FeedForward(name, tensor, rows, width),
            channels)]);
    }

    // What a stage was trained with before it was tuned on larger images; 0 for nothing else.
    private int? Trained(int stage)
    {
        var windows = config.Integers("pretrained_window_sizes") ?? [];
        return stage >= windows.Count || windows[stage] == 0 ? null
            : windows[stage] > 1 ? windows[stage]
            : throw new RefusedException($"config.json: pretrained_window_sizes has {windows[stage]}; it must be 0 or "
                + "at least 2");
    }

    private string FeedForward(string name, string tensor, string rows, int width)
    {
        var inner = config.Width("mlp_ratio", _ratio * width);
        var up = Linear.FromLinear(
            encoder, $"{name}.up", rows, $"{tensor}.intermediate.dense", width, inner, hasBias: true);
        var active = Activation.Append(encoder.Graph, _function, $"{name}.act", up);
        return Linear.FromLinear(
            encoder, $"{name}.down", active, $"{tensor}.output.dense", inner, width, hasBias: true);
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
