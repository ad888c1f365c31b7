using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// Finds reshapes that leave a table of ids as it is: <c>ids.view(-1, ids.shape[-1])</c>, which models write to be safe
/// and which says nothing where ids have two axes already.
/// </summary>
internal sealed class FlatViews(GraphProto graph, IReadOnlyDictionary<string, NodeProto> makers)
{
    private const int IdsRank = 2;

    private readonly HashSet<string> _tables = [.. graph.Input
        .Where(input => input.Type?.TensorType?.Shape?.Dim.Count == IdsRank).Select(input => input.Name)];

    /// <summary>True where the output of a node has the shape of its first input.</summary>
    public bool Keeps(NodeProto node) => node.OpType == "Reshape" && _tables.Contains(RootOf(node.Input[0]))
        && makers.TryGetValue(node.Input[1], out var shape) && shape is { OpType: "Concat", Input.Count: IdsRank }
        && Numbers(shape.Input[0]) is [-1] && IsLength(shape.Input[1], RootOf(node.Input[0]));

    // The last length of the ids themselves.
    private bool IsLength(string name, string root)
    {
        while (makers.TryGetValue(name, out var node)
            && node.OpType is "Unsqueeze" or "Reshape" or "Cast" or "Identity")
        {
            name = node.Input[0];
        }

        return makers.TryGetValue(name, out var pick) && pick.OpType == "Gather"
            && makers.TryGetValue(pick.Input[0], out var shape) && shape is { OpType: "Shape", Attribute.Count: 0 }
            && RootOf(shape.Input[0]) == root && Numbers(pick.Input[1]) is [1 or -1];
    }

    private string RootOf(string name)
    {
        while (makers.TryGetValue(name, out var node) && node.OpType is "Cast" or "Identity")
        {
            name = node.Input[0];
        }

        return name;
    }

    private long[]? Numbers(string name)
    {
        var tensor = graph.Initializer.FirstOrDefault(tensor => tensor.Name == name)
            ?? (makers.TryGetValue(name, out var node) && node.OpType == "Constant"
                ? node.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T
                : null);
        return tensor is not { DataType: (int)TensorProto.Types.DataType.Int64, ExternalData.Count: 0 } ? null
            : [.. TensorNumbers.Read(InlineData.Open(name, tensor)).Numbers.Select(number => (long)number)];
    }
}
