using Google.Protobuf.Collections;
using Stip.Onnx.Model;

namespace Stip.Onnx.Protection;

/// <summary>Takes out of a graph what only tells stories about it: doc strings and the exporter's metadata.</summary>
internal static class GraphCleaner
{
    public static void Clean(ModelProto model)
    {
        model.DocString = "";
        model.MetadataProps.Clear();
        Clean(model.Graph);
        foreach (var function in model.Functions)
        {
            function.DocString = "";
            function.MetadataProps.Clear();
            Clean(function.Node);
        }
    }

    private static void Clean(GraphProto graph)
    {
        graph.DocString = "";
        graph.MetadataProps.Clear();
        foreach (var value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
        {
            value.DocString = "";
            value.MetadataProps.Clear();
        }

        foreach (var tensor in graph.Initializer)
        {
            Clean(tensor);
        }

        Clean(graph.Node);
    }

    private static void Clean(RepeatedField<NodeProto> nodes)
    {
        foreach (var node in nodes)
        {
            node.DocString = "";
            node.MetadataProps.Clear();
            foreach (var attribute in node.Attribute)
            {
                attribute.DocString = "";
                if (attribute.T is not null)
                {
                    Clean(attribute.T);
                }

                foreach (var graph in attribute.Graphs.Append(attribute.G).OfType<GraphProto>())
                {
                    Clean(graph);
                }
            }
        }
    }

    private static void Clean(TensorProto tensor)
    {
        tensor.DocString = "";
        tensor.MetadataProps.Clear();
    }
}
