using Stip.Export.Blocks.Attention;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Vision;

/// <summary>Normalisation of an image over all its channels and pixels at once, with a factor and a bias for each
/// channel.</summary>
/// <param name="Channels">Its channels.</param>
/// <param name="Epsilon">What is added to the variance.</param>
internal sealed record ImageNorm(int Channels, double Epsilon)
{
    /// <summary>Appends it.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Its name in the checkpoint.</param>
    /// <param name="image">An image <c>[batch, channels, height, width]</c>.</param>
    public string Append(EncoderGraph encoder, string name, string tensor, string image)
    {
        var graph = encoder.Graph;
        var apart = graph.Add("Sub", $"{name}.apart", [image, Mean("mean", image)]);
        var variance = Mean("variance", graph.Add("Mul", $"{name}.squares", [apart, apart]));
        var deviation = graph.Add("Sqrt", $"{name}.deviation", [
            graph.Add("Add", $"{name}.positive", [variance, encoder.SharedScalar("image_norm.epsilon", Epsilon)])]);
        var even = graph.Add("Div", $"{name}.even", [apart, deviation]);
        var scaled = graph.Add("Mul", $"{name}.scaled", [
            even, Vector(encoder, $"{name}.weight", $"{tensor}.weight", Channels)]);
        return graph.Add("Add", name, [scaled, Vector(encoder, $"{name}.bias", $"{tensor}.bias", Channels)]);

        string Mean(string part, string value) => graph.Add(
            "ReduceMean",
            $"{name}.{part}",
            [value, graph.Shared("image_norm.axes", 1, 2, 3)],
            NodeAttribute.Int("keepdims", 1));
    }

    /// <summary>A number for each channel of an image, <c>[channels, 1, 1]</c>.</summary>
    public static string Vector(EncoderGraph encoder, string name, string tensor, int channels)
    {
        var stored = encoder.Tensors.Require(tensor, channels);
        var flat = encoder.Weights.Vector((stored, HeadPadding.None(channels)));
        return encoder.AddWeight(name, flat with { Shape = [channels, 1, 1] });
    }
}
