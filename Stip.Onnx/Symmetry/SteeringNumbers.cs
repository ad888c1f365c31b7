using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>Lists of floats that say what an operator does, as integers do elsewhere: they are read, and not
/// moved.</summary>
internal static class SteeringNumbers
{
    /// <summary>The tensors of a model, inner graphs and functions included, that are such a list.</summary>
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
        var read = graph.Node.SelectMany(Read).ToHashSet(StringComparer.Ordinal);
        if (read.Count > 0)
        {
            // Scales that are put together of ones and of what was computed.
            foreach (var node in graph.Node.Reverse().Where(node => node.OpType is "Concat" or "Cast"
                && read.Contains(node.Output[0])))
            {
                read.UnionWith(node.Input);
            }

            found.UnionWith(HeldTensors.Of(graph).Where(held => read.Contains(held.Name)).Select(held => held.Tensor));
        }
    }

    // The region of interest and the scales, one for each axis.
    private static IEnumerable<string> Read(NodeProto node) => node.OpType switch
    {
        "Resize" => node.Input.Skip(1).Take(2),
        "Upsample" => node.Input.Skip(1),
        _ => [],
    };
}
