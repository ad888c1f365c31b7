using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>The model's functions that a part of it calls, directly or through others: the server must not get the
/// bodies of those that only the client calls.</summary>
internal static class UsedFunctions
{
    public static IEnumerable<FunctionProto> Of(ModelProto model, GraphProto part)
    {
        var used = new HashSet<FunctionProto>(ReferenceEqualityComparer.Instance);
        var open = new Queue<NodeProto>(part.Node);
        while (open.TryDequeue(out var node))
        {
            foreach (var inner in OuterReads.Subgraphs(node).SelectMany(graph => graph.Node))
            {
                open.Enqueue(inner);
            }

            foreach (var function in model.Functions.Where(function =>
                function.Name == node.OpType && function.Domain == node.Domain
                && function.Overload == node.Overload && used.Add(function)))
            {
                foreach (var inner in function.Node)
                {
                    open.Enqueue(inner);
                }
            }
        }

        return model.Functions.Where(used.Contains);
    }
}
