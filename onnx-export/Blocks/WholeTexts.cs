using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>What the layers of a decoder are told of lengths and places where whole texts go in at once.</summary>
/// <remarks>Texts begin at the first row, and padding comes after them, where no token of theirs sees it: so all count
/// as long as the longest, and the mask matters only to what picks a text's last row.</remarks>
internal static class WholeTexts
{
    private const string Name = "texts";

    /// <summary>The mask as kernels want it that let rows see those after them.</summary>
    public static string AppendMask(DecoderGraph decoder) => decoder.Graph.Add(
        "Cast",
        $"{Name}.mask",
        [EncoderPorts.Mask],
        NodeAttribute.Int("to", (long)TensorProto.Types.DataType.Int32));

    /// <summary>Declares the mask <c>[batch, seq]</c>, and makes what a cached decoder is given.</summary>
    public static void Append(DecoderGraph decoder)
    {
        var graph = decoder.Graph;
        graph.AddInput(EncoderPorts.Mask, TensorDtype.Int64, "batch", "seq");
        var int32 = NodeAttribute.Int("to", (long)TensorDtype.Int32.ToOnnx());
        var rows = graph.Add(
            "Shape", $"{Name}.rows", [decoder.Embeds], NodeAttribute.Int("start", 1), NodeAttribute.Int("end", 2));
        var texts = graph.Add(
            "Shape", $"{Name}.count", [decoder.Embeds], NodeAttribute.Int("start", 0), NodeAttribute.Int("end", 1));
        var total = graph.Add("Squeeze", $"{Name}.length", [rows]);
        graph.Append("", "Cast", $"{Name}.total", [total], [DecoderPorts.TotalLength], int32);
        var last = graph.Add("Sub", $"{Name}.last", [rows, graph.AddConstant($"{Name}.one", 1)]);
        var lasts = graph.Add("Expand", $"{Name}.lasts", [last, texts]);
        graph.Append("", "Cast", $"{Name}.lengths", [lasts], [DecoderPorts.Lengths], int32);
        if (decoder.NeedsPositions)
        {
            // The first row's place: the others follow it.
            graph.AddConstant(DecoderPorts.Positions, 0);
        }
    }
}
