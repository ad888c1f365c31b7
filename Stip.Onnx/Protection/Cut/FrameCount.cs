using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>How many rows a client makes of a sound.</summary>
internal static class FrameCount
{
    private const int Rank = 3;

    // Where a sound may have any length: half a minute of 16,000 samples a second, as clients cut longer ones.
    private const long Samples = 480_000;

    // The same as moments of a spectrogram, 100 a second.
    private const long Moments = 3000;

    /// <summary>Most of them; null where the client's graph takes no sound.</summary>
    public static int? Most(GraphPart client)
    {
        NodeProto[] convolutions = [.. client.Graph.Node.Where(node => node.OpType == "Conv")];
        if (!client.IsClient || convolutions.Length == 0
            || client.Graph.Input.FirstOrDefault(ElementTypes.AreQuantities)?.Type?.TensorType?.Shape is not
            { Dim.Count: Rank or Rank - 1 } sound)
        {
            return null;
        }

        var length = sound.Dim[^1].DimValue > 0 ? sound.Dim[^1].DimValue
            : sound.Dim.Count == Rank ? Moments : Samples;
        foreach (var convolution in convolutions)
        {
            var weight = client.Graph.Initializer.FirstOrDefault(tensor => tensor.Name == convolution.Input[1]);
            var kernel = weight?.Dims.Count == Rank ? weight.Dims[^1] : 1;
            var step = Math.Max(Ints(convolution, "strides").FirstOrDefault(1), 1);
            length = ((length + Ints(convolution, "pads").Sum() - kernel) / step) + 1;
        }

        return checked((int)Math.Max(length, 1));
    }

    private static long[] Ints(NodeProto node, string name) =>
        [.. node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.Ints ?? []];
}
