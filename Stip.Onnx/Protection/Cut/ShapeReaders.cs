using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection.Cut;

/// <summary>What a graph asks shapes for.</summary>
/// <param name="graph">The graph.</param>
internal sealed class ShapeReaders(GraphProto graph)
{
    private readonly ILookup<string, NodeProto> _readers = graph.Node
        .SelectMany(node => OuterReads.Of(node).Distinct().Select(name => (name, node)))
        .ToLookup(entry => entry.name, entry => entry.node, StringComparer.Ordinal);

    private readonly Dictionary<string, TensorProto> _held = HeldTensors.Of(graph)
        .Where(held => held.Tensor.DataType == (int)TensorProto.Types.DataType.Int64
            && held.Tensor.DataLocation != TensorProto.Types.DataLocation.External)
        .DistinctBy(held => held.Name).ToDictionary(held => held.Name, held => held.Tensor, StringComparer.Ordinal);

    /// <summary>True where nothing but single lengths is read of a shape, each by its distance from the first: an axis
    /// more at the end changes none of them.</summary>
    public bool CountFromTheFirstAxis(string shape) =>
        graph.Output.All(output => output.Name != shape)
        && _readers[shape].All(node => node is { OpType: "Gather", Domain: "" or "ai.onnx" }
            && node.Input[0] == shape
            && _held.TryGetValue(node.Input[1], out var places)
            && Array.TrueForAll(
                TensorNumbers.Read(InlineData.Open(node.Input[1], places)).Integers, place => place >= 0));
}
