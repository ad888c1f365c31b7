using Stip.Export.Blocks.Attention;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Vision;

/// <summary>Normalisation of every channel of an image by what training found.</summary>
internal static class BatchNorm
{
    private static readonly string[] Parts = ["weight", "bias", "running_mean", "running_var"];

    /// <summary>Appends it.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Its name in the checkpoint.</param>
    /// <param name="image">An image <c>[batch, channels, height, width]</c>.</param>
    /// <param name="channels">Its channels.</param>
    /// <param name="epsilon">What is added to variances.</param>
    public static string Append(
        EncoderGraph encoder, string name, string tensor, string image, int channels, double epsilon = 1e-5) =>
        encoder.Graph.Add(
            "BatchNormalization",
            name,
            [image, .. Parts.Select(part => encoder.AddWeight($"{name}.{part}", encoder.Weights.Vector((
                encoder.Tensors.Require($"{tensor}.{part}", channels), HeadPadding.None(channels)))))],
            NodeAttribute.Float("epsilon", epsilon));
}
