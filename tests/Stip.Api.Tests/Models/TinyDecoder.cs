using Stip.Onnx.Model;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Models;

/// <summary>A decoder of the contract's form with random weights: two layers of attention, the second with a window
/// where one is given, and a head.</summary>
internal sealed record TinyDecoder(
    string Model = "tiny",
    int Seed = 1,
    string Instance = "instance-a",
    int KeyEpoch = 1,
    TensorDtype Dtype = TensorDtype.Float32,
    int Length = TinyDecoder.ContextLength,
    bool MixesRows = false,
    int Window = 0,
    bool IsBounded = true,
    TensorDtype? LogitsDtype = null,
    bool HasExperts = false)
{
    public const int HiddenSize = 32;
    public const int VocabSize = 61;
    public const int ContextLength = 96;
    public const int MaxTopK = 16;
    private const int Layers = 2;
    private const int Heads = 2;
    private const int KvHeads = 1;
    private const int HeadDim = 16;
    private const int Experts = 16;

    /// <summary>Writes the package's files and <c>stip.json</c>.</summary>
    public PackageManifest WriteTo(string folder)
    {
        Directory.CreateDirectory(folder);
        var graph = Build();
        graph.Save(Path.Combine(folder, "model.onnx"));
        return PackageFiles.Describe(folder, Manifest(graph.Graph));
    }

    private PackageManifest Manifest(GraphProto graph) => new(
        PackageManifest.CurrentProtocol, Model, Instance, KeyEpoch, "none", "none", "", HiddenSize, VocabSize,
        Length, Dtype.WireName(), MaxTopK,
        new Dictionary<string, GraphManifest>
        {
            ["decoder"] = new(
                "model.onnx", GraphSignature.Inputs(graph), GraphSignature.Outputs(graph),
                new CacheManifest("shared", Layers, KvHeads, HeadDim)
                {
                    BoundedWindows = Window > 0 && IsBounded ? [0, Window] : null,
                }),
        },
        []);

    private GraphBuilder Build()
    {
        var random = new Random(Seed);
        var graph = new GraphBuilder("tiny");
        var x = graph.AddInput("inputs_embeds", Dtype, "batch", "seq", HiddenSize);
        graph.AddInput("seqlens_k", TensorDtype.Int32, "batch");
        graph.AddInput("total_sequence_length", TensorDtype.Int32);
        graph.AddInput("logits_rows", TensorDtype.Int64, "rows");
        var (cosines, sines) = Rotary(graph);
        for (var layer = 0; layer < Layers; layer++)
        {
            x = Attention(graph, random, layer, x, cosines, sines);
        }

        if (MixesRows)
        {
            x = Rounded(graph, x);
        }

        var flat = graph.Add("Reshape", "flat", [x, graph.AddConstant("flat.shape", -1, HiddenSize)]);
        flat = HasExperts ? Routed(graph, random, flat) : flat;
        var rows = graph.Add("Gather", "rows", [flat, "logits_rows"]);
        var wide = LogitsDtype is null ? "logits" : "logits.wide";
        graph.Append(
            "", "MatMul", "head", [rows, Weight(graph, random, "head.weight", HiddenSize, VocabSize)], [wide]);
        if (LogitsDtype is { } narrow)
        {
            graph.Append("", "Cast", "narrow", [wide], ["logits"], NodeAttribute.Int("to", (int)narrow.ToOnnx()));
        }

        graph.AddOutput("logits", LogitsDtype ?? Dtype, "rows", VocabSize);
        for (var layer = 0; layer < Layers; layer++)
        {
            graph.AddOutput($"present.{layer}.key", Dtype, "batch", KvHeads, LengthOf(layer), HeadDim);
            graph.AddOutput($"present.{layer}.value", Dtype, "batch", KvHeads, LengthOf(layer), HeadDim);
        }

        return graph;
    }

    private string Attention(GraphBuilder graph, Random random, int layer, string x, string cosines, string sines)
    {
        var key = graph.AddInput($"past_key_values.{layer}.key", Dtype, "batch", KvHeads, LengthOf(layer), HeadDim);
        var value = graph.AddInput($"past_key_values.{layer}.value", Dtype, "batch", KvHeads, LengthOf(layer), HeadDim);
        const int Packed = (Heads + 2 * KvHeads) * HeadDim;
        var qkv =
            graph.Add("MatMul", $"{layer}.qkv", [x, Weight(graph, random, $"{layer}.qkv.weight", HiddenSize, Packed)]);
        var attended = graph.AddMicrosoft(
            "GroupQueryAttention",
            $"{layer}.attention",
            [qkv, "", "", key, value, "seqlens_k", "total_sequence_length", cosines, sines],
            [$"{layer}.attended", $"present.{layer}.key", $"present.{layer}.value"],
            [
                NodeAttribute.Int("num_heads", Heads),
                NodeAttribute.Int("kv_num_heads", KvHeads),
                NodeAttribute.Int("do_rotary", 1),
                .. WindowOf(layer),
            ])[0];
        var output = Weight(graph, random, $"{layer}.output.weight", Heads * HeadDim, HiddenSize);
        return graph.Add("Add", $"{layer}.sum", [x, graph.Add("MatMul", $"{layer}.output", [attended, output])]);
    }

    private string LengthOf(int layer) => layer > 0 && Window > 0 && IsBounded ? $"window_{Window}" : "max_len";

    private IEnumerable<AttributeProto> WindowOf(int layer) => layer == 0 || Window == 0 ? []
        :
        [
            NodeAttribute.Int("local_window_size", Window),
            NodeAttribute.Int("sliding_window_cache", IsBounded ? 1 : 0),
        ];

    // One scale for all rows of a batch.
    private static string Rounded(GraphBuilder graph, string x)
    {
        string[] rounded = ["rounded", "rounded.scale", "rounded.zero"];
        graph.Append("", "DynamicQuantizeLinear", "round", [x], rounded);
        return graph.Add("DequantizeLinear", "rounded.back", rounded);
    }

    // Experts in plain operators, one a row: each multiplies those together that are sent to it.
    private string Routed(GraphBuilder graph, Random random, string rows)
    {
        var gate = graph.Add("MatMul", "gate", [rows, Weight(graph, random, "gate.weight", HiddenSize, Experts)]);
        graph.Append("", "TopK", "best", [gate, graph.AddConstant("best.k", 1)], ["best.shares", "best.places"]);
        var (first, last) = (graph.AddScalarConstant("first", 0), graph.AddConstant("last", -1));
        var sum = rows;
        for (var i = 0; i < Experts; i++)
        {
            var sent = graph.Add("NonZero", $"sent.{i}", [graph.Add(
                "Equal", $"is.{i}", ["best.places", graph.AddScalarConstant($"expert.{i}", i)])]);
            var taken = graph.Add("Gather", $"taken.{i}", [sent, first]);
            var made = graph.Add("MatMul", $"made.{i}", [
                graph.Add("Gather", $"own.{i}", [rows, taken]),
                Weight(graph, random, $"expert.{i}.weight", HiddenSize, HiddenSize)]);
            sum = graph.Add(
                "ScatterND", $"sum.{i}", [sum, graph.Add("Unsqueeze", $"targets.{i}", [taken, last]), made],
                NodeAttribute.String("reduction", "add"));
        }

        return sum;
    }

    private (string Cosines, string Sines) Rotary(GraphBuilder graph)
    {
        const int Half = HeadDim / 2;
        var angles = Enumerable.Range(0, Length * Half)
            .Select(i => i / Half * Math.Pow(10000, -(i % Half) / (double)Half)).ToArray();
        return (
            graph.AddWeight("cosines", Of([Length, Half], [.. angles.Select(angle => (float)Math.Cos(angle))])),
            graph.AddWeight("sines", Of([Length, Half], [.. angles.Select(angle => (float)Math.Sin(angle))])));
    }

    private string Weight(GraphBuilder graph, Random random, string name, int rows, int columns)
    {
        var scale = 1.5 / Math.Sqrt(rows);
        var values = Enumerable.Range(0, rows * columns).Select(_ => (float)((random.NextDouble() * 2 - 1) * scale));
        return graph.AddWeight(name, Of([rows, columns], [.. values]));
    }

    private Weight Of(long[] shape, float[] values) => Stip.Onnx.Model.Weight.FromFloats(Dtype, shape, values);
}
