using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>One layer of fused attention over a shared cache, in the variants that ONNX Runtime has.</summary>
internal static class AttentionGraph
{
    public const int Heads = 4;
    public const int KvHeads = 2;
    public const int HeadDim = 16;
    public const int Hidden = 12;
    private const int Positions = 16;

    /// <summary>Cached positions and new rows of the run.</summary>
    public const int Cached = 2;
    public const int Rows = 3;

    public static IReadOnlyDictionary<string, HostTensor> Integers { get; } = new Dictionary<string, HostTensor>
    {
        ["seqlens_k"] = HostTensor.FromIntegers([Cached + Rows - 1], 1),
        ["total_sequence_length"] = HostTensor.FromIntegers([Cached + Rows]),
        ["position_ids"] = HostTensor.FromIntegers([2L, 3L, 4L], 1, Rows),
        ["logits_rows"] = HostTensor.FromIntegers([2L, 0L], 2),
    };

    public static IReadOnlyDictionary<(string Name, int Axis), long> Sizes { get; } =
        new Dictionary<(string Name, int Axis), long>
        {
            [("x", 0)] = 1,
            [("x", 1)] = Rows,
            [("past.key", 0)] = 1,
            [("past.key", 2)] = Cached + Rows,
            [("past.value", 0)] = 1,
            [("past.value", 2)] = Cached + Rows,
        };

    public static SmallGraph Packed(bool rotary, bool sink, params AttributeProto[] attributes)
    {
        var graph = Start();
        const int Width = (Heads + (2 * KvHeads)) * HeadDim;
        graph.Add("MatMul", "qkv", "x", graph.Weight("w_qkv", Hidden, Width));
        graph.Add("Add", "packed", "qkv", graph.Weight("b_qkv", Width));
        string[] caches = rotary
            ? [graph.Weight("cos", Positions, HeadDim / 2), graph.Weight("sin", Positions, HeadDim / 2)]
            : ["", ""];
        Attend(graph, ["packed", "", ""], [.. caches, "", "", sink ? graph.Weight("sinks", Heads) : ""],
            [.. attributes, NodeAttribute.Int("do_rotary", rotary ? 1 : 0)]);
        return graph;
    }

    public static SmallGraph Apart(bool interleaved)
    {
        var graph = Start();
        graph.Graph.AddInput("position_ids", TensorDtype.Int64, "batch", "seq");
        var (cos, sin) = (graph.Weight("cos", Positions, HeadDim / 2), graph.Weight("sin", Positions, HeadDim / 2));
        foreach (var (name, heads) in new[] { ("q", Heads), ("k", KvHeads) })
        {
            graph.Add("MatMul", name, "x", graph.Weight($"w_{name}", Hidden, heads * HeadDim));
            graph.Graph.AddMicrosoft(
                "RotaryEmbedding", $"{name}_rotary", [name, "position_ids", cos, sin], [$"{name}_turned"],
                NodeAttribute.Int("interleaved", interleaved ? 1 : 0), NodeAttribute.Int("num_heads", heads));
        }

        graph.Add("MatMul", "v", "x", graph.Weight("w_v", Hidden, KvHeads * HeadDim));
        Attend(graph, ["q_turned", "k_turned", "v"], []);
        return graph;
    }

    private static SmallGraph Start()
    {
        var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", Hidden);
        graph.Graph.AddInput("seqlens_k", TensorDtype.Int32, "batch");
        graph.Graph.AddInput("total_sequence_length", TensorDtype.Int32);
        graph.Graph.AddInput("logits_rows", TensorDtype.Int64, "n");
        graph.Input("past.key", "batch", KvHeads, "max_len", HeadDim);
        graph.Input("past.value", "batch", KvHeads, "max_len", HeadDim);
        return graph;
    }

    private static void Attend(
        SmallGraph graph, string[] projections, string[] rest, params AttributeProto[] attributes)
    {
        graph.Graph.AddMicrosoft(
            "GroupQueryAttention",
            "attention",
            [.. projections, "past.key", "past.value", "seqlens_k", "total_sequence_length", .. rest],
            ["attended", "present.key", "present.value"],
            [.. attributes, NodeAttribute.Int("num_heads", Heads), NodeAttribute.Int("kv_num_heads", KvHeads)]);
        graph.Add("MatMul", "projected", "attended", graph.Weight("w_o", Heads * HeadDim, Hidden));
        graph.Add("Add", "sum", "x", "projected");
        graph.Add("Reshape", "flat", "sum", graph.Graph.AddConstant("flat_shape", -1, Hidden));
        graph.Add("Gather", "rows", "flat", "logits_rows");
        graph.Add("MatMul", "logits", "rows", graph.Weight("w_head", Hidden, 20));
        graph.Output("logits", "n", 20);
        graph.Output("present.key", "batch", KvHeads, "max_len", HeadDim);
        graph.Output("present.value", "batch", KvHeads, "max_len", HeadDim);
    }
}
