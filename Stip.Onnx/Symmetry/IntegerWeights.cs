using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>Long integers that are weights all the same: biases of quantised layers, and lists of which group an input
/// of one belongs to. They move as other weights do. Every other tensor of 32 bits steers the graph.</summary>
internal static class IntegerWeights
{
    /// <summary>The tensors of a model, inner graphs and functions included, that are such a weight and nothing
    /// else.</summary>
    public static HashSet<TensorProto> Of(ModelProto model)
    {
        var found = new HashSet<TensorProto>(ReferenceEqualityComparer.Instance);
        foreach (var body in ModelBodies.Of(model))
        {
            Collect(body, found);
        }

        return found;
    }

    private static void Collect(GraphProto graph, HashSet<TensorProto> found)
    {
        var biases = graph.Node.SelectMany(Biases).ToHashSet(StringComparer.Ordinal);
        if (biases.Count > 0)
        {
            biases.ExceptWith(graph.Node.SelectMany(node => node.Input.Except(Biases(node))));
            found.UnionWith(HeldTensors.Of(graph).Where(held => biases.Contains(held.Name)
                && held.Tensor.DataType == (int)TensorProto.Types.DataType.Int32).Select(held => held.Tensor));
        }
    }

    private static IEnumerable<string> Biases(NodeProto node) => node.OpType switch
    {
        "DequantizeLinear" => node.Input.Take(1),
        "QLinearConv" => node.Input.Skip(8),
        "QGemm" => node.Input.Skip(6).Take(1),
        "MatMulNBits" => node.Input.Skip(4).Take(1),
        _ => [],
    };
}
