using System.Text.Json;
using Stip.Onnx.Model;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Models;

/// <summary>A decoder of one head whose loop makes a bias over scores and the number of cached tokens for each step, as
/// hand-written exports have it: caches <c>[batch, length, hidden]</c>.</summary>
/// <param name="GivesVector">True for logits <c>[batch, vocab]</c> of the last row alone.</param>
/// <param name="HasOneBias">True for a bias of one sequence, whatever the batch.</param>
internal sealed record TinyCountedDecoder(bool GivesVector = false, bool HasOneBias = false)
{
    private const int Hidden = TinyDecoder.HiddenSize;

    /// <summary>Writes the package's files and <c>stip.json</c>.</summary>
    public PackageManifest WriteTo(string folder)
    {
        Directory.CreateDirectory(folder);
        var graph = Build();
        graph.Save(Path.Combine(folder, "model.onnx"));
        return PackageFiles.Describe(folder, new PackageManifest(
            PackageManifest.CurrentProtocol, "counted", "instance-c", 1, "none", "none", "", Hidden,
            TinyDecoder.VocabSize, TinyDecoder.ContextLength, "float32", TinyDecoder.MaxTopK,
            new Dictionary<string, GraphManifest>
            {
                ["decoder"] = new(
                    "model.onnx", GraphSignature.Inputs(graph.Graph), GraphSignature.Outputs(graph.Graph),
                    new CacheManifest("growing", 1, 1, Hidden)
                    {
                        Tensors = [Tensor("k"), Tensor("v")],
                        Inputs =
                        [
                            new StepInputManifest(
                                "bias", StepInputManifest.Bias, Axes(HasOneBias ? 1 : "batch", "rows", "total")),
                            new StepInputManifest("past_len", StepInputManifest.Past, []),
                        ],
                    }),
            },
            []));
    }

    public static JsonElement[] Axes(params object[] axes) =>
        [.. axes.Select(axis => JsonSerializer.SerializeToElement(axis))];

    private static CacheTensorManifest Tensor(string name) =>
        new($"{name}_cache", $"{name}_cache_out", Axes("batch", "length", Hidden));

    private GraphBuilder Build()
    {
        var random = new Random(17);
        var graph = new GraphBuilder("counted");
        graph.AddInput("inputs_embeds", TensorDtype.Float32, "batch", "seq", Hidden);
        graph.AddInput("bias", TensorDtype.Float32, HasOneBias ? 1 : "batch", "seq", "total");
        graph.AddInput("past_len", TensorDtype.Int64);
        var x = graph.Add("Add", "x", ["inputs_embeds", Places(graph)]);
        var (keys, values) = (Cached(graph, random, "k", x), Cached(graph, random, "v", x));
        var columns = graph.Add("Transpose", "columns", [keys], NodeAttribute.Ints("perm", 0, 2, 1));
        var query = graph.Add("MatMul", "q", [x, Weight(graph, random, "w_q", Hidden)]);
        var scores = graph.Add("MatMul", "scores", [query, columns]);
        var shares = graph.Add(
            "Softmax", "shares", [graph.Add("Add", "seen", [scores, "bias"])], NodeAttribute.Int("axis", -1));
        x = graph.Add("Add", "stream", [x, graph.Add("MatMul", "mixed", [shares, values])]);
        if (GivesVector)
        {
            x = graph.Add(
                "Gather", "last", [x, graph.AddScalarConstant("minus.one", -1)], NodeAttribute.Int("axis", 1));
        }

        graph.Append("", "MatMul", "head", [x, Weight(graph, random, "w_head", TinyDecoder.VocabSize)], ["logits"]);
        Axis[] given = GivesVector ? ["batch", TinyDecoder.VocabSize] : ["batch", "seq", TinyDecoder.VocabSize];
        graph.AddOutput("logits", TensorDtype.Float32, given);
        foreach (var name in new[] { "k", "v" })
        {
            graph.AddOutput($"{name}_cache_out", TensorDtype.Float32, "batch", "total", Hidden);
        }

        return graph;
    }

    // A wrong length shows in every sum.
    private static string Places(GraphBuilder graph)
    {
        var shape = graph.Add("Shape", "rows.shape", ["inputs_embeds"]);
        var count = graph.Add("Gather", "rows.count", [shape, graph.AddScalarConstant("one", 1)]);
        var places = graph.Add(
            "Range", "rows.places", [graph.AddScalarConstant("zero", 0), count, "one"]);
        var positions = graph.Add(
            "Cast", "positions", [graph.Add("Add", "places", [places, "past_len"])],
            NodeAttribute.Int("to", (int)TensorProto.Types.DataType.Float));
        var column = graph.Add("Unsqueeze", "column", [positions, graph.AddConstant("axis", 1)]);
        var scale = graph.AddWeight("scale", Onnx.Model.Weight.FromFloats(TensorDtype.Float32, [1], [0.01f]));
        return graph.Add("Mul", "part", [column, scale]);
    }

    private static string Cached(GraphBuilder graph, Random random, string name, string x)
    {
        graph.AddInput($"{name}_cache", TensorDtype.Float32, "batch", "past", Hidden);
        var made = graph.Add("MatMul", $"{name}.new", [x, Weight(graph, random, $"w_{name}", Hidden)]);
        return graph.Append(
            "", "Concat", $"{name}.all", [$"{name}_cache", made], [$"{name}_cache_out"],
            NodeAttribute.Int("axis", 1))[0];
    }

    private static string Weight(GraphBuilder graph, Random random, string name, int columns)
    {
        var values = Enumerable.Range(0, Hidden * columns).Select(_ => (float)((random.NextDouble() - 0.5) / 4));
        return graph.AddWeight(
            name, Onnx.Model.Weight.FromFloats(TensorDtype.Float32, [Hidden, columns], [.. values]));
    }
}
