namespace Stip.Onnx.Model;

/// <summary>What a graph itself holds: some exporters write weights as initialisers, others as Constant
/// nodes.</summary>
internal static class HeldTensors
{
    /// <summary>By the name that nodes read, inner graphs aside.</summary>
    public static IEnumerable<(string Name, TensorProto Tensor)> Of(GraphProto graph)
    {
        foreach (var tensor in graph.Initializer)
        {
            yield return (tensor.Name, tensor);
        }

        foreach (var node in graph.Node)
        {
            if (ValueOf(node) is { } tensor)
            {
                yield return (node.Output[0], tensor);
            }
        }
    }

    /// <summary>The tensor of a Constant node; null for any other.</summary>
    public static TensorProto? ValueOf(NodeProto node) => node is { OpType: "Constant", Output.Count: > 0 }
        ? node.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T
        : null;
}
