using Stip.Onnx.Model;

namespace Stip.Export.Blocks;

/// <summary>Normalisation over the features of each row.</summary>
internal static class Norm
{
    /// <summary>RMSNorm: a weight, no mean, no bias.</summary>
    public static string AppendRms(DecoderGraph decoder, string name, string input, string tensor, double epsilon) =>
        decoder.Graph.Add(
            "SimplifiedLayerNormalization",
            name,
            [input, Vector(decoder, $"{name}.weight", $"{tensor}.weight")],
            NodeAttribute.Int("axis", -1),
            NodeAttribute.Float("epsilon", epsilon),
            NodeAttribute.Int("stash_type", 1));

    /// <summary>LayerNorm: weight and bias.</summary>
    public static string AppendLayer(DecoderGraph decoder, string name, string input, string tensor, double epsilon) =>
        decoder.Graph.Add(
            "LayerNormalization",
            name,
            [
                input,
                Vector(decoder, $"{name}.weight", $"{tensor}.weight"),
                Vector(decoder, $"{name}.bias", $"{tensor}.bias"),
            ],
            NodeAttribute.Int("axis", -1),
            NodeAttribute.Float("epsilon", epsilon));

    private static string Vector(DecoderGraph decoder, string name, string tensor)
    {
        var size = decoder.HiddenSize;
        return decoder.Graph.AddWeight(
            name, decoder.Weights.Vector((decoder.Tensors.Require(tensor, size), HeadPadding.None(size))));
    }
}
