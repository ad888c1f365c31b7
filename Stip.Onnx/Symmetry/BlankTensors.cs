using Stip.Onnx.Model;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry;

/// <summary>Tensors of one number over and over that a graph writes into: the zeros on which PyTorch draws the regions
/// of shifted windows. There is nothing in them to hide, and what is made of them and of numbers are numbers.</summary>
internal static class BlankTensors
{
    /// <summary>The tensors of a model, inner graphs and functions included, that are written into.</summary>
    public static HashSet<TensorProto> Written(ModelProto model)
    {
        var found = new HashSet<TensorProto>(ReferenceEqualityComparer.Instance);
        foreach (var graph in ModelBodies.Of(model))
        {
            var names = graph.Node.Where(node => node.OpType is "ScatterND" or "ScatterElements")
                .SelectMany(node => node.Input.Take(1)).ToHashSet(StringComparer.Ordinal);
            found.UnionWith(HeldTensors.Of(graph).Where(held => names.Contains(held.Name)).Select(held => held.Tensor));
        }

        return found;
    }

    /// <summary>True where all elements of a tensor are the same.</summary>
    public static bool IsBlank(GraphTensor tensor)
    {
        var size = ElementTypes.Bits(tensor.Type) / 8;
        if (size == 0 || tensor.ElementCount < 2
            || tensor.Type is not (DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16))
        {
            return false;
        }

        var bytes = tensor.Bytes();
        return bytes[..^size].SequenceEqual(bytes[size..]);
    }
}
