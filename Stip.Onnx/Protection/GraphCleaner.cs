using Google.Protobuf.Collections;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Protection;

/// <summary>Takes out of a graph what only tells stories about it: doc strings, the exporter's metadata, names of whole
/// graphs, and what only training reads.</summary>
internal static class GraphCleaner
{
    // What export calls its graphs, which says no more than the file's name does.
    private static readonly string[] GraphNames =
        ["graph", GraphRoles.Decoder, GraphRoles.Encoder, GraphRoles.DecoderWithPast, GraphRoles.Vision];

    public static void Clean(ModelProto model)
    {
        model.DocString = "";
        model.MetadataProps.Clear();
        model.TrainingInfo.Clear();
        Clean(model.Graph);
        foreach (var function in model.Functions)
        {
            function.DocString = "";
            function.MetadataProps.Clear();
            Clean(function.ValueInfo);
            Clean(function.AttributeProto);
            Clean(function.Node);
        }
    }

    private static void Clean(GraphProto graph)
    {
        graph.Name = GraphNames.Contains(graph.Name) ? graph.Name : GraphNames[0];
        graph.DocString = "";
        graph.MetadataProps.Clear();
        graph.QuantizationAnnotation.Clear();
        Clean(graph.Input.Concat(graph.Output).Concat(graph.ValueInfo));
        foreach (var tensor in graph.Initializer)
        {
            Clean(tensor);
        }

        Clean(graph.Node);
    }

    private static void Clean(IEnumerable<ValueInfoProto> values)
    {
        foreach (var value in values)
        {
            value.DocString = "";
            value.MetadataProps.Clear();
            Clean(value.Type);
        }
    }

    // What an axis or a value is said to mean.
    private static void Clean(TypeProto? type)
    {
        if (type is null)
        {
            return;
        }

        type.Denotation = "";
        foreach (var axis in type.TensorType?.Shape?.Dim ?? [])
        {
            axis.Denotation = "";
        }

        Clean(type.SequenceType?.ElemType);
        Clean(type.OptionalType?.ElemType);
    }

    private static void Clean(RepeatedField<NodeProto> nodes)
    {
        foreach (var node in nodes)
        {
            node.DocString = "";
            node.MetadataProps.Clear();
            Clean(node.Attribute);
        }
    }

    private static void Clean(RepeatedField<AttributeProto> attributes)
    {
        foreach (var attribute in attributes)
        {
            attribute.DocString = "";
            foreach (var tensor in attribute.Tensors.Append(attribute.T).OfType<TensorProto>())
            {
                Clean(tensor);
            }

            foreach (var graph in attribute.Graphs.Append(attribute.G).OfType<GraphProto>())
            {
                Clean(graph);
            }
        }
    }

    private static void Clean(TensorProto tensor)
    {
        tensor.DocString = "";
        tensor.MetadataProps.Clear();
    }
}
