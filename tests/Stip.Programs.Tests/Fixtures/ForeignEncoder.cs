using System.Runtime.InteropServices;
using Google.Protobuf;
using Stip.EndToEnd.Kit;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Programs.Tests.Fixtures;

/// <summary>An exported encoder of texts as other exporters write it: one graph from token ids on.</summary>
internal static class ForeignEncoder
{
    private const string UsualIds = "input_ids";
    private const string UsualMask = "attention_mask";
    private const string Tokens = "token_embedding";
    private const string Positions = "position_embedding";
    private const string Rows = "inputs_embeds";
    private const int Int64 = (int)TensorProto.Types.DataType.Int64;

    // They describe the graph, or are what it holds itself here.
    private static readonly string[] LeftOut = ["export.json", "embedding.safetensors", "model.onnx"];

    /// <param name="exported">What export wrote; its graph has one output.</param>
    /// <param name="folder">Receives the graph, and what lies beside it.</param>
    /// <param name="isRenamed">Whether its ports are x0, x1 and y0.</param>
    /// <param name="isOfTexts">Whether it gives its output's first row alone, as classifiers of texts do.</param>
    /// <param name="labels">How many of the first row's outputs are given; null for all of them.</param>
    public static void Write(
        string exported, string folder, bool isRenamed, bool isOfTexts, int? labels = null)
    {
        var (ids, mask) = isRenamed ? ("x0", "x1") : (UsualIds, UsualMask);
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(exported)
            .Where(file => !LeftOut.Contains(Path.GetFileName(file))))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(exported, "model.onnx")));
        var graph = model.Graph;
        PortNames.Change(graph, UsualMask, mask);
        var output = isRenamed ? "y0" : graph.Output.Single().Name;
        PortNames.Change(graph, graph.Output.Single().Name, isOfTexts ? "rows" : output);
        var axes = graph.Input.Single(input => input.Name == mask).Type.Clone();
        graph.Input.Remove(graph.Input.Single(input => input.Name == Rows));
        graph.Input.Insert(0, new ValueInfoProto { Name = ids, Type = axes });
        using var tables = SafetensorsFile.Open(Path.Combine(exported, "embedding.safetensors"));
        var positions = MemoryMarshal.Cast<byte, float>(tables.Bytes(Positions)).ToArray();
        // Every token is of the first type.
        var type = MemoryMarshal.Cast<byte, float>(tables.Bytes("token_type_embedding"));
        var hidden = (int)tables.Header.Entries[Positions].Shape[^1];
        for (var i = 0; i < positions.Length; i++)
        {
            positions[i] += type[i % hidden];
        }

        graph.Initializer.Add(
        [
            Table(tables, Tokens, tables.Bytes(Tokens)),
            Table(tables, Positions, MemoryMarshal.AsBytes<float>(positions)), Number("zero", 0), Number("one", 1),
        ]);
        NodeProto[] nodes =
        [
            Node("Gather", "tokens", Tokens, ids),
            Node("Shape", "shape", ids),
            Node("Gather", "length", "shape", "one"),
            Node("Range", "places", "zero", "length", "one"),
            Node("Gather", "positions", Positions, "places"),
            Node("Add", Rows, "tokens", "positions"),
        ];
        for (var i = 0; i < nodes.Length; i++)
        {
            graph.Node.Insert(i, nodes[i]);
        }

        if (isOfTexts)
        {
            var first = Node("Gather", labels is null ? output : "all", "rows", "zero");
            first.Attribute.Add(new AttributeProto
            {
                Name = "axis",
                Type = AttributeProto.Types.AttributeType.Int,
                I = 1,
            });
            graph.Node.Add(first);
            graph.Output[0].Name = output;
            graph.Output[0].Type.TensorType.Shape.Dim.RemoveAt(1);
        }

        if (labels is { } count)
        {
            graph.Initializer.Add([List("begin", 0), List("end", count), List("axis", 1)]);
            graph.Node.Add(Node("Slice", output, "all", "begin", "end", "axis"));
            graph.Output[0].Type.TensorType.Shape.Dim[1].DimValue = count;
        }

        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), model.ToByteArray());
    }

    private static NodeProto Node(string operation, string output, params string[] inputs) => new()
    {
        Name = $"client/{output}",
        OpType = operation,
        Input = { inputs },
        Output = { output },
    };

    private static TensorProto Table(SafetensorsFile tables, string name, ReadOnlySpan<byte> bytes)
    {
        var table = new TensorProto
        {
            Name = name,
            DataType = (int)TensorProto.Types.DataType.Float,
            RawData = ByteString.CopyFrom(bytes),
        };
        table.Dims.Add(tables.Header.Entries[name].Shape);
        return table;
    }

    private static TensorProto List(string name, long value) =>
        new() { Name = name, DataType = Int64, Int64Data = { value }, Dims = { 1 } };

    private static TensorProto Number(string name, long value) =>
        new() { Name = name, DataType = Int64, Int64Data = { value } };
}
