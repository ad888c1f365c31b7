namespace Stip.Onnx.Model;

/// <summary>
/// Where a model may hold tensors: initialisers and Constant nodes, whose bytes are permuted. What stands anywhere else
/// would be copied as it is, so it is refused by name.
/// </summary>
internal static class TensorPlaces
{
    // Shorter lists are sizes and scales, which steer a graph.
    private const int LongList = 64;

    // Longer texts are no names, equations or modes, but what somebody compiled into one.
    private const int LongText = 4096;

    /// <exception cref="RefusedException">A tensor stands where its bytes would not move.</exception>
    public static void RefuseOthers(string path, ModelProto model)
    {
        RefuseOthers(path, model.Graph);
        foreach (var function in model.Functions)
        {
            foreach (var attribute in function.AttributeProto)
            {
                RefuseAttribute(path, $"function '{function.Name}'", attribute);
            }

            RefuseOthers(path, function.Node);
        }
    }

    /// <summary>Makes long lists of numbers in Constant nodes tensors, which move as others do.</summary>
    public static void TurnLists(ModelProto model)
    {
        foreach (var node in Nodes(model.Graph.Node).Concat(model.Functions.SelectMany(one => Nodes(one.Node))))
        {
            if (node.Attribute.FirstOrDefault(
                attribute => IsTurned(node, attribute) && attribute.Floats.Count > LongList) is { } list)
            {
                var tensor = new TensorProto { DataType = (int)TensorProto.Types.DataType.Float };
                tensor.Dims.Add(list.Floats.Count);
                tensor.FloatData.Add(list.Floats);
                node.Attribute.Remove(list);
                node.Attribute.Add(new AttributeProto
                {
                    Name = "value",
                    Type = AttributeProto.Types.AttributeType.Tensor,
                    T = tensor,
                });
            }
        }
    }

    private static bool IsTurned(NodeProto node, AttributeProto attribute) =>
        node.OpType == "Constant" && attribute.Name == "value_floats";

    private static IEnumerable<NodeProto> Nodes(IEnumerable<NodeProto> nodes) => nodes.SelectMany(node => node.Attribute
        .Where(attribute => attribute.G is not null).SelectMany(attribute => Nodes(attribute.G.Node)).Prepend(node));

    private static void RefuseOthers(string path, GraphProto graph)
    {
        if (graph.SparseInitializer.Count > 0)
        {
            throw new RefusedException(
                $"'{path}' has {graph.SparseInitializer.Count} sparse initialisers; only dense ones move");
        }

        RefuseOthers(path, graph.Node);
    }

    private static void RefuseOthers(string path, IEnumerable<NodeProto> nodes)
    {
        foreach (var node in nodes)
        {
            foreach (var attribute in node.Attribute)
            {
                var moves = (attribute.Name == "value" && node.OpType is "Constant" or "ConstantOfShape")
                    || IsTurned(node, attribute);
                RefuseAttribute(path, $"node '{node.Name}' ({node.OpType})", attribute, moves);
                if (attribute.G is { } graph)
                {
                    RefuseOthers(path, graph);
                }
            }
        }
    }

    // A single number tells nothing.
    private static void RefuseAttribute(string path, string holder, AttributeProto attribute, bool moves = false)
    {
        var isSparse = attribute.SparseTensor.Length > 0 || attribute.SparseTensors.Count > 0;
        var isTensor = !moves && attribute.T is { } tensor && tensor.Dims.Any(length => length > 1);
        var isList = (!moves && attribute.Floats.Count > LongList) || attribute.Strings.Count > LongList
            || attribute.S.Length > LongText;
        if (isSparse || isTensor || isList || attribute.Tensors.Count > 0 || attribute.Graphs.Count > 0)
        {
            var what = isSparse ? "a sparse tensor" : isList ? "a long list or text" : "tensors or graphs";
            throw new RefusedException(
                $"'{path}': {holder} holds {what} in "
                + $"'{attribute.Name}', which would be copied as it is; dense initialisers and Constant nodes move");
        }
    }
}
