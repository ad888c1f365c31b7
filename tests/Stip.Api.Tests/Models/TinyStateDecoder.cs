using Stip.Onnx.Model;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Models;

/// <summary>A decoder that keeps one state of a fixed size and nothing else: the sum of what became of all rows.
/// </summary>
/// <param name="TakesOneRow">True for a graph of one new row.</param>
/// <param name="RowsOfLogits">True where logits are of the last row, though the graph does not say so.</param>
/// <param name="HasOneState">True where the graph's state is that of one sequence.</param>
/// <param name="SequenceFirst">True for rows and logits that stand before sequences.</param>
internal sealed record TinyStateDecoder(
    bool TakesOneRow = false, bool RowsOfLogits = false, bool HasOneState = false, bool SequenceFirst = false)
{
    private const int Hidden = TinyDecoder.HiddenSize;

    private Axis Sequences => HasOneState ? 1 : "batch";

    /// <summary>Writes the package's files and <c>stip.json</c>.</summary>
    public PackageManifest WriteTo(string folder)
    {
        Directory.CreateDirectory(folder);
        var graph = Build();
        graph.Save(Path.Combine(folder, "model.onnx"));
        return PackageFiles.Describe(folder, new PackageManifest(
            PackageManifest.CurrentProtocol, "states", "instance-s", 1, "none", "none", "", Hidden,
            TinyDecoder.VocabSize, TinyDecoder.ContextLength, "float32", TinyDecoder.MaxTopK,
            new Dictionary<string, GraphManifest>
            {
                ["decoder"] = new(
                    "model.onnx", GraphSignature.Inputs(graph.Graph), GraphSignature.Outputs(graph.Graph),
                    new CacheManifest("growing", 1, 1, Hidden)
                    {
                        SequenceFirst = SequenceFirst ? true : null,
                        Tensors =
                        [
                            new CacheTensorManifest("state", "new_state", TinyCountedDecoder.Axes(2, "batch", Hidden)),
                        ],
                    }),
            },
            []));
    }

    // Two layers of states in one tensor, of which the second is the first once more: blocks of other sequences lie
    // between.
    private GraphBuilder Build()
    {
        var random = new Random(19);
        var graph = new GraphBuilder("states");
        Axis rows = TakesOneRow ? 1 : "seq";
        graph.AddInput("inputs_embeds", TensorDtype.Float32, Turned("batch", rows, Hidden));
        graph.AddInput("state", TensorDtype.Float32, 2, Sequences, Hidden);
        var made = graph.Add("MatMul", "made", [Turned(graph, "inputs_embeds"), Weight(graph, random, "w", Hidden)]);
        var sums = graph.Add("CumSum", "sums", [made, graph.AddScalarConstant("axis", 1)]);
        var before = graph.Add("ReduceMean", "before", ["state", graph.AddConstant("layers", 0)]);
        before = graph.Add("Transpose", "before.rows", [before], NodeAttribute.Ints("perm", 1, 0, 2));
        var all = graph.Add("Add", "all", [sums, before]);
        var last = graph.Add(
            "Gather", "last", [all, graph.AddScalarConstant("minus.one", -1)], NodeAttribute.Int("axis", 1));
        var one = graph.Add("Unsqueeze", "one", [last, graph.AddConstant("front", 0)]);
        graph.Append("", "Concat", "joined", [one, one], ["new_state"], NodeAttribute.Int("axis", 0));
        var seen = RowsOfLogits
            ? graph.Add("Unsqueeze", "seen", [last, graph.AddConstant("middle", 1)])
            : all;
        var bent = Turned(graph, graph.Add("Tanh", "bent", [seen]));
        graph.Append(
            "", "MatMul", "head", [bent, Weight(graph, random, "head.weight", TinyDecoder.VocabSize)], ["logits"]);
        graph.AddOutput(
            "logits", TensorDtype.Float32, Turned("batch", RowsOfLogits ? "given" : rows, TinyDecoder.VocabSize));
        graph.AddOutput("new_state", TensorDtype.Float32, 2, Sequences, Hidden);
        return graph;
    }

    private Axis[] Turned(Axis sequences, Axis rows, Axis width) =>
        SequenceFirst ? [rows, sequences, width] : [sequences, rows, width];

    private string Turned(GraphBuilder graph, string value) => SequenceFirst
        ? graph.Add("Transpose", $"{value}.turned", [value], NodeAttribute.Ints("perm", 1, 0, 2))
        : value;

    private static string Weight(GraphBuilder graph, Random random, string name, int columns)
    {
        var values = Enumerable.Range(0, Hidden * columns).Select(_ => (float)((random.NextDouble() - 0.5) / 4));
        return graph.AddWeight(
            name, Onnx.Model.Weight.FromFloats(TensorDtype.Float32, [Hidden, columns], [.. values]));
    }
}
