using Stip.Onnx.Model;
using Stip.Onnx.Protection.Caches;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Models;

/// <summary>A decoder as other exporters write it: past and present tensors that grow, an int64 mask and positions, and
/// logits of every row.</summary>
/// <param name="Model">Its id.</param>
/// <param name="LastRowOnly">True for a head that sees the last row only.</param>
/// <param name="ExtraInput">An input beside those that all have.</param>
/// <param name="Form">Of its caches.</param>
/// <param name="IsOpaque">True for names that say nothing.</param>
/// <param name="HasOnePositions">True where positions are of one sequence, whatever the batch.</param>
/// <param name="TakesOneRow">True for a graph of one new row.</param>
/// <param name="RowsOfLogits">Another declared number of rows of logits than there are, as a symbol.</param>
internal sealed record TinyGrowingDecoder(
    string Model = "growing",
    bool LastRowOnly = false,
    string? ExtraInput = null,
    CacheForm Form = CacheForm.Named,
    bool IsOpaque = false,
    bool HasOnePositions = false,
    bool TakesOneRow = false,
    string? RowsOfLogits = null)
{
    private static readonly Dictionary<string, string> OpaqueNames = new()
    {
        ["inputs_embeds"] = "x0",
        ["attention_mask"] = "x1",
        ["position_ids"] = "x2",
        ["logits"] = "y0",
    };

    private const int Layers = 2;
    private const int Heads = 2;
    private const int KvHeads = 1;
    private const int HeadDim = 16;
    private const int Hidden = TinyDecoder.HiddenSize;

    /// <summary>Writes the package's files and <c>stip.json</c>.</summary>
    public PackageManifest WriteTo(string folder)
    {
        Directory.CreateDirectory(folder);
        var graph = Build();
        if (IsOpaque)
        {
            Rename(graph.Graph);
        }

        graph.Save(Path.Combine(folder, "model.onnx"));
        return PackageFiles.Describe(folder, new PackageManifest(
            PackageManifest.CurrentProtocol, Model, "instance-g", 1, "none", "none", "", Hidden, TinyDecoder.VocabSize,
            TinyDecoder.ContextLength, "float32", TinyDecoder.MaxTopK,
            new Dictionary<string, GraphManifest>
            {
                ["decoder"] = new(
                    "model.onnx", GraphSignature.Inputs(graph.Graph), GraphSignature.Outputs(graph.Graph),
                    new CacheManifest("growing", Layers, KvHeads, HeadDim)
                    {
                        Tensors = Form == CacheForm.Named
                            ? null : CachePairs.Find(graph.Graph, [], [IsOpaque ? "x0" : "inputs_embeds"]),
                    })
                {
                    Ports = IsOpaque ? OpaqueNames : null,
                },
            },
            []));
    }

    private static void Rename(GraphProto graph)
    {
        foreach (var node in graph.Node)
        {
            foreach (var names in new[] { node.Input, node.Output })
            {
                for (var i = 0; i < names.Count; i++)
                {
                    names[i] = OpaqueNames.GetValueOrDefault(names[i], names[i]);
                }
            }
        }

        foreach (var port in graph.Input.Concat(graph.Output))
        {
            port.Name = OpaqueNames.GetValueOrDefault(port.Name, port.Name);
        }
    }

    private GraphBuilder Build()
    {
        var random = new Random(11);
        var graph = new GraphBuilder("growing");
        graph.AddInput("attention_mask", TensorDtype.Int64, "batch", "total");
        Axis rows = TakesOneRow ? 1 : "seq";
        graph.AddInput("inputs_embeds", TensorDtype.Float32, "batch", rows, Hidden);
        graph.AddInput("position_ids", TensorDtype.Int64, HasOnePositions ? 1 : "batch", rows);
        if (ExtraInput is not null)
        {
            graph.AddInput(ExtraInput, TensorDtype.Bool, 1);
        }

        var x = WithPositions(graph);
        var (lengths, total) = Lengths(graph);
        for (var layer = 0; layer < Layers; layer++)
        {
            x = Attention(graph, random, layer, x, lengths, total);
        }

        if (LastRowOnly)
        {
            x = graph.Add("Gather", "last", [x, graph.AddConstant("last.index", -1)], NodeAttribute.Int("axis", 1));
        }

        graph.Append(
            "", "MatMul", "head", [x, Weight(graph, random, "head.weight", Hidden, TinyDecoder.VocabSize)],
            ["logits"]);
        Axis given = RowsOfLogits is { } symbol ? (Axis)symbol : LastRowOnly || TakesOneRow ? (Axis)1 : "seq";
        graph.AddOutput("logits", TensorDtype.Float32, "batch", given, TinyDecoder.VocabSize);
        var cache = new FormedCache(graph, Form, KvHeads, HeadDim);
        for (var layer = 0; layer < Layers; layer++)
        {
            cache.Give(layer);
        }

        return graph;
    }

    // Positions count in the sum, so that a wrong one shows.
    private static string WithPositions(GraphBuilder graph)
    {
        var positions = graph.Add(
            "Cast", "positions", ["position_ids"], NodeAttribute.Int("to", (int)TensorProto.Types.DataType.Float));
        var column = graph.Add("Unsqueeze", "positions.column", [positions, graph.AddConstant("minus.one", -1)]);
        var scale = graph.AddWeight("positions.scale", Onnx.Model.Weight.FromFloats(TensorDtype.Float32, [1], [0.01f]));
        return graph.Add("Add", "x", ["inputs_embeds", graph.Add("Mul", "positions.part", [column, scale])]);
    }

    // As the onnxruntime-genai builder counts them.
    private static (string Lengths, string Total) Lengths(GraphBuilder graph)
    {
        const int Int32 = (int)TensorProto.Types.DataType.Int32;
        var sum = graph.Add(
            "ReduceSum", "mask.sum", ["attention_mask", graph.AddConstant("one", 1)], NodeAttribute.Int("keepdims", 0));
        var last = graph.Add("Sub", "mask.last", [sum, graph.AddConstant("one.more", 1)]);
        var shape = graph.Add("Shape", "mask.shape", ["attention_mask"]);
        var width = graph.Add("Gather", "mask.width", [shape, graph.AddConstant("axis.one", 1)]);
        var scalar = graph.Add("Squeeze", "mask.scalar", [width]);
        return (
            graph.Add("Cast", "lengths", [last], NodeAttribute.Int("to", Int32)),
            graph.Add("Cast", "total", [scalar], NodeAttribute.Int("to", Int32)));
    }

    private string Attention(
        GraphBuilder graph, Random random, int layer, string x, string lengths, string total)
    {
        var cache = new FormedCache(graph, Form, KvHeads, HeadDim);
        var (key, value) = cache.Take(layer);
        var (newKey, newValue) = cache.Given(layer);
        const int Packed = (Heads + 2 * KvHeads) * HeadDim;
        var qkv =
            graph.Add("MatMul", $"{layer}.qkv", [x, Weight(graph, random, $"{layer}.qkv.weight", Hidden, Packed)]);
        var attended = graph.AddMicrosoft(
            "GroupQueryAttention",
            $"{layer}.attention",
            [qkv, "", "", key, value, lengths, total],
            [$"{layer}.attended", newKey, newValue],
            NodeAttribute.Int("num_heads", Heads),
            NodeAttribute.Int("kv_num_heads", KvHeads))[0];
        var output = Weight(graph, random, $"{layer}.output.weight", Heads * HeadDim, Hidden);
        return graph.Add("Add", $"{layer}.sum", [x, graph.Add("MatMul", $"{layer}.output", [attended, output])]);
    }

    private static string Weight(GraphBuilder graph, Random random, string name, int rows, int columns)
    {
        var scale = 1.5 / Math.Sqrt(rows);
        var values = Enumerable.Range(0, rows * columns).Select(_ => (float)((random.NextDouble() * 2 - 1) * scale));
        return graph.AddWeight(name, Onnx.Model.Weight.FromFloats(TensorDtype.Float32, [rows, columns], [.. values]));
    }
}
