using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>Whatever of a model has nodes of its own: its graph, inner graphs, functions.</summary>
internal static class ModelBodies
{
    /// <summary>Each as a graph; what surrounds another comes before it.</summary>
    public static IEnumerable<GraphProto> Of(ModelProto model)
    {
        var bodies = model.Functions.Select(function =>
        {
            var body = new GraphProto();
            body.Node.Add(function.Node);
            return body;
        });
        return bodies.Prepend(model.Graph).SelectMany(Within);
    }

    private static IEnumerable<GraphProto> Within(GraphProto graph) =>
        graph.Node.SelectMany(NodeReads.InnerGraphs).SelectMany(Within).Prepend(graph);
}
