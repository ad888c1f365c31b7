using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Model;

namespace Stip.Export.Architectures.Vision;

/// <summary>What models that tell how far things are have in common: the features of some layers go in, a number for
/// each pixel comes out.</summary>
internal static class DepthStates
{
    private const string Depth = "predicted_depth";
    private const string Stage = "stage";

    /// <summary>After how many layers each of the features is taken.</summary>
    /// <param name="config">The backbone's configuration.</param>
    /// <param name="layers">How many layers there are.</param>
    public static IReadOnlyList<int> Taken(ConfigJson config, int layers)
    {
        var taken = config.Integers("out_indices") ?? [.. config.Texts("out_features")
            .Where(name => name.StartsWith(Stage, StringComparison.Ordinal))
            .Select(name => int.TryParse(name.AsSpan(Stage.Length), out var layer) ? layer : 0)];
        return Checked(taken, layers, "out_indices");
    }

    /// <summary>Refuses layers that there are not.</summary>
    public static IReadOnlyList<int> Checked(IReadOnlyList<int> taken, int layers, string field) =>
        taken.Count > 0 && taken.All(layer => layer >= 1 && layer <= layers) && taken.Order().SequenceEqual(taken)
            ? taken
            : throw new RefusedException($"config.json: {field} takes features after the layers "
                + $"{string.Join(", ", taken)}; they must rise within 1..{layers}");

    /// <summary>Channels of the images that features become.</summary>
    public static IReadOnlyList<int> Widths(ConfigJson config, int count, IReadOnlyList<int> otherwise) =>
        (config.Sizes("neck_hidden_sizes") ?? otherwise) is var widths && widths.Count == count ? widths
            : throw new RefusedException($"config.json: neck_hidden_sizes must have {count} numbers");

    /// <summary>Refuses a head that reads another image than the last one.</summary>
    public static void RefuseOtherHead(ConfigJson config, int count)
    {
        if (config.Integer("head_in_index") is { } image && image != -1 && image != count - 1)
        {
            throw new RefusedException($"config.json: head_in_index is {image}; it must be -1, the last image");
        }
    }

    /// <summary>How many times finer than the grid of patches those images are.</summary>
    public static IReadOnlyList<double> Factors(ConfigJson config, int count)
    {
        var factors = config.Has("reassemble_factors") ? config.Numbers("reassemble_factors") : [4, 2, 1, 0.5];
        return factors.Count == count && factors.All(factor => double.IsInteger(factor) || double.IsInteger(1 / factor))
            ? factors
            : throw new RefusedException($"config.json: reassemble_factors must have {count} numbers, each a whole one "
                + "or one over a whole one");
    }

    /// <summary>Appends the layers up to the last that is asked for.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="layers">Its layers.</param>
    /// <param name="taken">After how many layers features are taken.</param>
    /// <param name="norm">What they go through, null for nothing.</param>
    public static IReadOnlyList<string> Append(
        EncoderGraph encoder, EncoderLayers layers, IReadOnlyList<int> taken, (Norm Norm, string Tensor)? norm)
    {
        var stream = new ResidualStream(encoder);
        var states = new List<string>();
        for (var layer = 0; layer < taken[^1]; layer++)
        {
            layers.AppendPreNorm(stream, layer);
            if (taken.Contains(layer + 1))
            {
                states.Add(stream.Sum($"states.{layer + 1}"));
            }
        }

        return norm is not var (function, tensor) ? states : [.. states.Select((rows, i) => encoder.Graph.Add(
            "LayerNormalization",
            $"states.norm.{i}",
            [rows, Vector("weight"), Vector("bias")],
            NodeAttribute.Int("axis", -1),
            NodeAttribute.Float("epsilon", function.Epsilon)))];

        string Vector(string part) => encoder.SharedWeight($"states.{part}", () => encoder.Weights.Vector((
            encoder.Tensors.Require($"{tensor}.{part}", encoder.HiddenSize), HeadPadding.None(encoder.HiddenSize))));
    }

    /// <summary>Declares <c>predicted_depth [batch, height, width]</c>.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="image">An image of one channel.</param>
    public static void Declare(EncoderGraph encoder, string image)
    {
        var graph = encoder.Graph;
        graph.Append("", "Squeeze", $"{Depth}/Squeeze", [image, graph.AddConstant("depth.channel", 1)], [Depth]);
        graph.AddOutput(Depth, encoder.Weights.Dtype, "batch", "depth_height", "depth_width");
    }
}
