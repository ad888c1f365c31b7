using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Tells whether a shape of rows <c>[batch, seq, width]</c> is asked for its first two lengths alone, which
/// are the same after some layers, whatever the width.</summary>
internal static class FirstAxes
{
    private const int Count = 2;
    private const int Rank = 3;

    /// <param name="graph">The graph.</param>
    /// <param name="shape">A node of it, Shape or Size.</param>
    public static bool AreAllThatIsRead(GraphProto graph, NodeProto shape)
    {
        var (start, end) = (Bound(shape, "start", 0), Bound(shape, "end", Rank));
        if (shape.OpType != "Shape" || graph.Output.Any(output => output.Name == shape.Output[0]))
        {
            return false;
        }

        return (end <= Count && end >= 0) || graph.Node.Where(node => OuterReads.Of(node).Contains(shape.Output[0]))
            .All(node => node.OpType == "Gather" && node.Input[0] == shape.Output[0]
                && Numbers(graph, node.Input[1]) is { } places
                && places.All(place => start + (place < 0 ? place + end - start : place) is >= 0 and < Count));
    }

    private static long Bound(NodeProto shape, string name, long otherwise) =>
        shape.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I is { } given
            ? given < 0 ? given + Rank : given
            : otherwise;

    private static int[]? Numbers(GraphProto graph, string name) =>
        HeldTensors.Of(graph).FirstOrDefault(held => held.Name == name).Tensor is { } tensor
        && tensor.DataLocation != TensorProto.Types.DataLocation.External
        && tensor.DataType == (int)TensorProto.Types.DataType.Int64
            ? TensorNumbers.Read(InlineData.Open(name, tensor)).Integers
            : null;
}
