using System.Runtime.InteropServices;
using Google.Protobuf;
using Stip.Onnx.Model;

namespace Stip.Programs.Tests.Fixtures;

/// <summary>A small classifier of pictures as other exporters write them, from <c>images</c> to <c>y0</c>.</summary>
internal static class ForeignPicture
{
    public const int Side = 16;
    public const int Labels = 5;
    private const int Features = 8;
    private const int Wide = 12;

    /// <param name="folder">Receives the graph, and the settings of its pictures.</param>
    /// <param name="isOfPatches">Whether it makes rows of patches (ViT), or stays a feature map (a ResNet).</param>
    /// <param name="isOfAnySize">Whether its axes have names alone.</param>
    public static void Write(string folder, bool isOfPatches, bool isOfAnySize)
    {
        Directory.CreateDirectory(folder);
        var model = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "picture" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        var graph = model.Graph;
        graph.Input.Add(isOfAnySize
            ? Port("images", "batch", "channels", "height", "width")
            : Port("images", "batch", 3, Side, Side));
        graph.Output.Add(Port("y0", "batch", Labels));
        var random = new Random(5);
        if (isOfPatches)
        {
            Patches(graph, random);
        }
        else
        {
            Map(graph, random);
        }

        Add(graph, "MatMul", "scores", "pooled", Weight(graph, random, "head", Features, Labels));
        Add(graph, "Add", "y0", "scores", Weight(graph, random, "bias", Labels));
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), model.ToByteArray());
        File.WriteAllText(
            Path.Combine(folder, "preprocessor_config.json"),
            $$"""{"size":{"height":{{Side}},"width":{{Side}}},"image_mean":[0.5,0.4,0.3],"image_std":0.25}""");
    }

    private static void Patches(GraphProto graph, Random random)
    {
        var stem = Add(graph, "Conv", "stem", "images", Weight(graph, random, "kernel", Features, 3, 4, 4));
        stem.Attribute.Add(Ints("strides", 4, 4));
        Add(graph, "Reshape", "flat", "stem", Numbers(graph, "rows_of", 0, Features, -1));
        Add(graph, "Transpose", "rows", "flat").Attribute.Add(Ints("perm", 0, 2, 1));
        Add(graph, "MatMul", "wide", "rows", Weight(graph, random, "up", Features, Wide));
        Add(graph, "Relu", "active", "wide");
        Add(graph, "MatMul", "narrow", "active", Weight(graph, random, "down", Wide, Features));
        Add(graph, "Add", "sum", "rows", "narrow");
        var pooled = Add(graph, "ReduceMean", "pooled", "sum");
        pooled.Attribute.Add(Ints("axes", 1));
        pooled.Attribute.Add(Int("keepdims", 0));
    }

    private static void Map(GraphProto graph, Random random)
    {
        var stem = Add(graph, "Conv", "stem", "images", Weight(graph, random, "kernel", Features, 3, 3, 3));
        stem.Attribute.Add(Ints("strides", 2, 2));
        Add(graph, "Relu", "active", "stem");
        Add(graph, "Conv", "further", "active", Weight(graph, random, "second", Features, Features, 1, 1));
        Add(graph, "Add", "sum", "active", "further");
        var pooled = Add(graph, "ReduceMean", "pooled", "sum");
        pooled.Attribute.Add(Ints("axes", 2, 3));
        pooled.Attribute.Add(Int("keepdims", 0));
    }

    private static NodeProto Add(GraphProto graph, string operation, string output, params string[] inputs)
    {
        var node = new NodeProto { Name = output, OpType = operation, Input = { inputs }, Output = { output } };
        graph.Node.Add(node);
        return node;
    }

    private static string Weight(GraphProto graph, Random random, string name, params long[] shape)
    {
        var count = shape.Aggregate(1L, (product, length) => product * length);
        float[] values = [.. Enumerable.Range(0, (int)count).Select(_ => (random.NextSingle() * 2) - 1)];
        var tensor = new TensorProto
        {
            Name = name,
            DataType = (int)TensorProto.Types.DataType.Float,
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values)),
        };
        tensor.Dims.Add(shape);
        graph.Initializer.Add(tensor);
        return name;
    }

    private static string Numbers(GraphProto graph, string name, params long[] values)
    {
        var tensor = new TensorProto
        {
            Name = name,
            DataType = (int)TensorProto.Types.DataType.Int64,
            Int64Data = { values },
        };
        tensor.Dims.Add(values.Length);
        graph.Initializer.Add(tensor);
        return name;
    }

    private static AttributeProto Ints(string name, params long[] values) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };

    private static AttributeProto Int(string name, long value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    private static ValueInfoProto Port(string name, params object[] axes)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(axes.Select(axis => axis is int length
            ? new TensorShapeProto.Types.Dimension { DimValue = length }
            : new TensorShapeProto.Types.Dimension { DimParam = (string)axis }));
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto
            {
                TensorType = new() { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape },
            },
        };
    }
}
