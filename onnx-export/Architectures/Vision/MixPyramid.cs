using Stip.Export.Blocks;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures.Vision;

/// <summary>A pyramid of stages as SegFormer's and PVT's config.json describe it.</summary>
/// <param name="config">config.json.</param>
/// <param name="root">Name of the encoder in the checkpoint.</param>
internal sealed class MixPyramid(ConfigJson config, string root)
{
    /// <summary>Channels of each stage.</summary>
    public IReadOnlyList<int> Widths { get; } = Numbers(config, "hidden_sizes", [32, 64, 160, 256]);

    /// <summary>Channels of the pixels.</summary>
    public int Channels { get; } = config.FindSize("num_channels") ?? 3;

    /// <summary>How many times wider feed-forward parts are, where config.json does not say it.</summary>
    public IReadOnlyList<int> Ratios { get; init; } = [4, 4, 4, 4];

    /// <summary>The field that says how many times fewer keys than queries there are, in each direction.</summary>
    public string Reductions { get; init; } = "sr_ratios";

    /// <summary>What norms add to the variance.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>False where queries, keys and values have no biases.</summary>
    public bool HasQkvBias { get; init; } = true;

    /// <summary>False where feed-forward parts leave neighbours alone.</summary>
    public bool MixesNeighbours { get; init; } = true;

    /// <summary>A number for each stage.</summary>
    public static IReadOnlyList<int> Numbers(ConfigJson config, string field, IReadOnlyList<int> otherwise)
    {
        var numbers = config.Sizes(field) ?? otherwise;
        var stages = config.FindSize("num_encoder_blocks") ?? 4;
        return numbers.Count >= stages ? [.. numbers.Take(stages)] : throw new RefusedException(
            $"config.json: {field} has {numbers.Count} numbers; num_encoder_blocks asks for {stages}");
    }

    /// <summary>Appends all stages.</summary>
    /// <returns>What every stage gives, the finest first.</returns>
    public IReadOnlyList<string> Append(EncoderGraph encoder)
    {
        var images = new List<string> { encoder.Embeds };
        for (var stage = 0; stage < Widths.Count; stage++)
        {
            images.Add(Stage(encoder, stage).Append(images[^1]));
        }

        return images[1..];
    }

    /// <summary>One stage.</summary>
    public MixStage Stage(EncoderGraph encoder, int stage)
    {
        var (width, heads) = (Widths[stage], Numbers(config, "num_attention_heads", [1, 2, 5, 8])[stage]);
        return new MixStage(encoder, root, stage)
        {
            Inputs = stage == 0 ? Channels : Widths[stage - 1],
            Width = width,
            Patch = Numbers(config, "patch_sizes", [7, 3, 3, 3])[stage],
            Step = Numbers(config, "strides", [4, 2, 2, 2])[stage],
            Layers = Numbers(config, "depths", [2, 2, 2, 2])[stage],
            Heads = width % heads == 0 ? heads : throw new RefusedException(
                $"config.json: {heads} attention heads do not divide a hidden size of {width}"),
            Reduction = Numbers(config, Reductions, [8, 4, 2, 1])[stage],
            Inner = config.Width("mlp_ratios", (double)width * Numbers(config, "mlp_ratios", Ratios)[stage]),
            Function = config.Text("hidden_act") ?? "gelu",
            Epsilon = Epsilon,
            HasQkvBias = HasQkvBias,
            MixesNeighbours = MixesNeighbours,
        };
    }
}
