namespace Stip.Onnx.Model;

/// <summary>
/// Attributes of calls that hold tensors which the called function never reads: PyTorch writes the weights of a module
/// there that it made a function of, beside giving them as inputs.
/// </summary>
internal static class UnreadAttributes
{
    /// <summary>Takes them away, as the copies of weights that they are.</summary>
    public static void Drop(ModelProto model)
    {
        var functions = model.Functions.ToLookup(function => (function.Domain, function.Name, function.Overload));
        NodeProto[] calls =
        [
            .. Nodes(model.Graph.Node).Concat(model.Functions.SelectMany(function => Nodes(function.Node)))
                .Where(node => functions.Contains((node.Domain, node.OpType, node.Overload))),
        ];

        // What one function hands on to another is unread as soon as that one does not read it.
        for (var isNew = true; isNew;)
        {
            isNew = false;
            foreach (var call in calls)
            {
                isNew |= Drop(call, functions[(call.Domain, call.OpType, call.Overload)].First());
            }
        }
    }

    private static bool Drop(NodeProto call, FunctionProto function)
    {
        AttributeProto[] held = [.. call.Attribute.Where(attribute => attribute.T is not null
            || attribute.Type == AttributeProto.Types.AttributeType.Tensor)];
        var read = held.Length == 0 ? [] : Nodes(function.Node).SelectMany(node => node.Attribute)
            .Select(attribute => attribute.RefAttrName).ToHashSet(StringComparer.Ordinal);
        AttributeProto[] unread = [.. held.Where(attribute => !read.Contains(attribute.Name))];
        foreach (var attribute in unread)
        {
            call.Attribute.Remove(attribute);
            function.Attribute.Remove(attribute.Name);
        }

        return unread.Length > 0;
    }

    private static IEnumerable<NodeProto> Nodes(IEnumerable<NodeProto> nodes) => nodes.SelectMany(node => node.Attribute
        .SelectMany(attribute => attribute.G is { } graph ? attribute.Graphs.Append(graph) : attribute.Graphs)
        .SelectMany(graph => Nodes(graph.Node)).Prepend(node));
}
