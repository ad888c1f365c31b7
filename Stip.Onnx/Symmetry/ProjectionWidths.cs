using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>Head sizes of caches whose last axis a graph leaves free, read off the attention that they enter.</summary>
internal sealed class ProjectionWidths
{
    private readonly GraphProto _graph;
    private readonly Dictionary<string, TensorProto> _weights;
    private readonly Dictionary<string, NodeProto> _producers = new(StringComparer.Ordinal);

    public ProjectionWidths(GraphProto graph)
    {
        _graph = graph;
        _weights = HeldTensors.Of(graph).ToDictionary(
            held => held.Name, held => held.Tensor, StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output)
            {
                _producers[output] = node;
            }
        }
    }

    /// <summary>By name of the cache.</summary>
    public IEnumerable<(string Cache, int Size)> HeadSizes()
    {
        foreach (var node in _graph.Node.Where(node => node.OpType == "GroupQueryAttention" && node.Input.Count > 4))
        {
            var heads = Attribute(node, "num_heads");
            var lanes = node.Input[1].Length == 0 ? heads + (2 * Attribute(node, "kv_num_heads")) : heads;
            if (Width(node.Input[0]) is { } width && lanes > 0)
            {
                yield return (Cast(node.Input[3]), width / lanes);
                yield return (Cast(node.Input[4]), width / lanes);
            }
        }
    }

    // A cache may be kept in another type than the graph computes in.
    private string Cast(string name)
    {
        while (_producers.TryGetValue(name, out var node) && node.OpType is "Cast" or "Identity")
        {
            name = node.Input[0];
        }

        return name;
    }

    private static int Attribute(NodeProto node, string name) =>
        (int)(node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I ?? 0);

    // The width of what a projection gives is the last axis of the matrix or bias behind it.
    private int? Width(string name)
    {
        while (_producers.TryGetValue(name, out var node) && node.Input.Count > 0)
        {
            var weight = node.Input.Where(_weights.ContainsKey).Select(input => _weights[input]).FirstOrDefault();
            switch (node.OpType)
            {
                case "MatMul" when Columns(node.Input[1]) is { } width:
                    return width;
                case "MatMul" or "Add" or "Gemm" or "FusedMatMul" or "MatMulInteger" or "MatMulIntegerToFloat"
                    or "DynamicQuantizeMatMul" when weight is { Dims.Count: > 0 }:
                    return (int)weight.Dims[Attribute(node, "transB") == 0 ? ^1 : ^2];
                case "MatMulNBits":
                    return Attribute(node, "N");
                case "Reshape" or "Split" when Last(node) is { } width:
                    return width;
                default:
                    name = node.Input[0];
                    break;
            }
        }

        return null;
    }

    // Columns of a matrix, also of one that is cast, dequantised or turned.
    private int? Columns(string name)
    {
        var isTurned = false;
        while (_producers.TryGetValue(name, out var node) && node.Input.Count > 0
            && node.OpType is "Cast" or "Identity" or "DequantizeLinear" or "Transpose")
        {
            isTurned ^= node.OpType == "Transpose";
            name = node.Input[0];
        }

        return _weights.TryGetValue(name, out var weight) && weight.Dims.Count > 1
            ? (int)weight.Dims[isTurned ? ^2 : ^1]
            : null;
    }

    // The last number of a constant shape; of a split the part that is read first.
    private int? Last(NodeProto node)
    {
        var tensor = node.Input.Count < 2 ? null
            : _weights.GetValueOrDefault(node.Input[1])
            ?? _producers.GetValueOrDefault(node.Input[1])?.Attribute.FirstOrDefault(a => a.Name == "value")?.T;
        if (tensor is null || tensor.DataLocation == TensorProto.Types.DataLocation.External)
        {
            return null;
        }

        var numbers = TensorNumbers.Read(InlineData.Open(tensor.Name, tensor)).Integers;
        var width = node.OpType == "Split" ? numbers[0] : numbers[^1];
        return width > 0 ? width : null;
    }
}
