using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Reports;
using Stip.Onnx.Symmetry.Rules;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>A fused operator has the classes of the graph that it stands for.</summary>
public sealed class FusedOperatorTests
{
    private const int Heads = 3;
    private const int HeadDim = 4;
    private const int Width = Heads * HeadDim;

    public static TheoryData<string> Names { get; } = [.. Pairs.Keys];

    private static Dictionary<string, (Action<SmallGraph> Fused, Action<SmallGraph> Unfused)> Pairs => new()
    {
        ["MultiHeadAttention"] = (
            graph => Project(graph, graph.Microsoft(
                "MultiHeadAttention", "mixed", Projections(graph), NodeAttribute.Int("num_heads", Heads))),
            graph => Project(graph, WrittenOut(graph, Projections(graph)))),
        ["Attention"] = (
            graph =>
            {
                graph.Opset = 23;
                Project(graph, graph.With(
                    "Attention", "mixed", Projections(graph),
                    NodeAttribute.Int("q_num_heads", Heads), NodeAttribute.Int("kv_num_heads", Heads)));
            },
            graph => Project(graph, WrittenOut(graph, Projections(graph)))),
        ["SkipSimplifiedLayerNormalization"] = (
            graph => Project(graph, graph.Microsoft(
                "SkipSimplifiedLayerNormalization", "norm",
                [graph.Hidden(Width), graph.Hidden(Width, "k"), graph.Weight("g", Width)])),
            NormWrittenOut),
        ["BiasSplitGelu"] = (
            graph => graph.Finish(graph.Microsoft(
                "BiasSplitGelu", "gated", [graph.Hidden(2 * Width), graph.Weight("b", 2 * Width)]), Width),
            SplitGeluWrittenOut),
        ["RelativePositionBias"] = (
            graph => Biased(graph, graph.Microsoft(
                "RelativePositionBias", "bias", [graph.Weight("table", 9, Heads), graph.Integer(3), graph.Integer(3)])),
            graph => Biased(graph, graph.With(
                "Transpose", "bias",
                [graph.Add("Gather", "rows", graph.Weight("table", 9, Heads), Distances(graph))],
                NodeAttribute.Ints("perm", 0, 3, 1, 2)))),
        ["GatedRelativePositionBias"] = (
            graph => Biased(graph, graph.Microsoft(
                "GatedRelativePositionBias", "bias",
                [graph.Hidden(Width, "g"), graph.Weight("g_b", Width), Table(graph), graph.Weight("w_gate", HeadDim, 8),
                    graph.Weight("b_g", 8), graph.Weight("eco", 1, Heads, 1, 1)],
                NodeAttribute.Int("num_heads", Heads))),
            GatedBiasWrittenOut),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Fused_AndUnfused_HaveTheSameClasses(string name)
    {
        var (fused, unfused) = Pairs[name];

        Assert.Equal(Classes(unfused), Classes(fused));
    }

    // No kernel of the CPU runs the last three, but what they stand for runs: keys of one must be keys of the other.
    [Theory]
    [MemberData(nameof(Names))]
    public void KeysOfTheFused_FitTheUnfused(string name) => AssertFit(name, RuleRegistry.Find, expected: true);

    [Theory]
    [InlineData("BiasSplitGelu", WrongRule.Mistake.MirrorsOutputs)]
    [InlineData("BiasSplitGelu", WrongRule.Mistake.Forgets)]
    [InlineData("RelativePositionBias", WrongRule.Mistake.MirrorsOutputs)] // forgotten, its heads only stay
    [InlineData("GatedRelativePositionBias", WrongRule.Mistake.Forgets)]
    [InlineData("GatedRelativePositionBias", WrongRule.Mistake.MirrorsOutputs)]
    internal void KeysByAWrongRule_DoNotFitTheUnfused(string name, WrongRule.Mistake mistake)
    {
        var operation = $"com.microsoft.{name}";
        var wrong = new WrongRule(RuleRegistry.Find(operation)!, mistake);

        AssertFit(name, asked => asked == operation ? wrong : RuleRegistry.Find(asked), expected: false);
    }

    private static void AssertFit(string name, Func<string, IOperatorRule?> rules, bool expected)
    {
        var (fused, unfused) = Pairs[name];
        using var drawn = new SmallGraph();
        using var run = new SmallGraph();
        fused(drawn);
        unfused(run);
        using var first = drawn.Save();
        using var second = run.Save();

        Assert.Equal(expected, !ProtocolLaw.IsBroken(first, rules, second));
    }

    private static string[] Classes(Action<SmallGraph> build)
    {
        using var graph = new SmallGraph();
        build(graph);
        graph.Save().Dispose();
        var report = SymmetryInspector.Inspect(graph.FilePath);
        Assert.Empty(report.Unruled);
        return [.. report.Classes.SelectMany(group => group.Members.Select(member =>
            $"{member.Name}/{member.Axis}: {member.Count} of {group.Size}")).Order(StringComparer.Ordinal)];
    }

    private static void NormWrittenOut(SmallGraph graph)
    {
        var sum = graph.Add("Add", "sum", graph.Hidden(Width), graph.Hidden(Width, "k"));
        var square = graph.Add("Mul", "square", sum, sum);
        var mean = graph.Add("ReduceMean", "mean", square, graph.Numbers(2));
        var root = graph.Add("Sqrt", "root", graph.Add("Add", "some", mean, graph.Number(1e-5f)));
        Project(graph, graph.Add("Mul", "norm", graph.Add("Div", "unit", sum, root), graph.Weight("g", Width)));
    }

    private static void SplitGeluWrittenOut(SmallGraph graph)
    {
        graph.Add("Add", "sum", graph.Hidden(2 * Width), graph.Weight("b", 2 * Width));
        graph.Graph.Append(
            "", "Split", "split", ["sum"], ["left", "right"],
            NodeAttribute.Int("axis", 2), NodeAttribute.Int("num_outputs", 2));
        graph.Finish(graph.Add("Mul", "gated", "left", graph.Add("Gelu", "gelu", "right")), Width);
    }

    private static void GatedBiasWrittenOut(SmallGraph graph)
    {
        var query = graph.Add("Add", "gq", graph.Hidden(Width, "g"), graph.Weight("g_b", Width));
        var heads = ByHeads(graph, query);
        var made = graph.Add(
            "Add", "made", graph.Add("MatMul", "gm", heads, graph.Weight("w_gate", HeadDim, 8)),
            graph.Weight("b_g", 8));
        var split = graph.Add("Reshape", "parts", made, graph.Numbers(0, 0, 0, 2, 4));
        var sums = graph.With(
            "ReduceSum", "sums", [split, graph.Numbers(4)], NodeAttribute.Int("keepdims", 0));
        graph.Graph.Append(
            "", "Split", "gates", [graph.Add("Sigmoid", "open", sums)], ["u", "r"],
            NodeAttribute.Int("axis", 3), NodeAttribute.Int("num_outputs", 2));
        var scaled = graph.Add("Mul", "scaled", "r", graph.Weight("eco", 1, Heads, 1, 1));
        var gate = graph.Add("Mul", "gate", "u", graph.Add("Sub", "less", scaled, graph.Number(1)));
        Biased(graph, graph.Add(
            "Mul", "bias", graph.Add("Add", "more", gate, graph.Number(2)), Table(graph)));
    }

    private static string[] Projections(SmallGraph graph) =>
        [graph.Hidden(Width, "q"), graph.Hidden(Width, "k"), graph.Hidden(Width, "v")];

    private static void Project(SmallGraph graph, string mixed) => graph.Finish(mixed, Width);

    private static string WrittenOut(SmallGraph graph, string[] projections, string? bias = null)
    {
        string[] heads = [.. projections.Select(name => ByHeads(graph, name))];
        var turned = graph.With("Transpose", "kt", [heads[1]], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        var scores = graph.Add("MatMul", "scores", heads[0], turned);
        scores = bias is null ? scores : graph.Add("Add", "biased", scores, bias);
        var shares = graph.With("Softmax", "shares", [scores], NodeAttribute.Int("axis", -1));
        var mixed = graph.Add("MatMul", "mixed_heads", shares, heads[2]);
        var back = graph.With("Transpose", "back", [mixed], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        return graph.Add("Reshape", "mixed", back, graph.Numbers(0, 0, Width));
    }

    private static string ByHeads(SmallGraph graph, string name) => graph.With(
        "Transpose", $"{name}_heads",
        [graph.Add("Reshape", $"{name}_split", name, graph.Numbers(0, 0, Heads, HeadDim))],
        NodeAttribute.Ints("perm", 0, 2, 1, 3));

    private static void Biased(SmallGraph graph, string bias) =>
        Project(graph, WrittenOut(graph, Projections(graph), bias));

    // Heads by distance: [1, heads, 3, 3]
    private static string Table(SmallGraph graph) => graph.With(
        "Transpose", "by_distance",
        [graph.Add("Gather", "table_rows", graph.Weight("table", 9, Heads), Distances(graph))],
        NodeAttribute.Ints("perm", 0, 3, 1, 2));

    // key - query + 4, from the lengths of the run.
    private static string Distances(SmallGraph graph)
    {
        if (!graph.Graph.Has("x"))
        {
            graph.Input("x", "batch", "seq", 6);
        }

        var length = graph.Add("Squeeze", "length", graph.With(
            "Shape", "seq_length", ["x"], NodeAttribute.Int("start", 1), NodeAttribute.Int("end", 2)));
        var range = graph.Add("Range", "range", graph.Integer(0), length, graph.Integer(1));
        var rows = graph.Add("Unsqueeze", "rows_of", range, graph.Numbers(1));
        var shift = graph.Add("Sub", "shift", range, rows);
        return graph.Add("Unsqueeze", "distances", graph.Add("Add", "up", shift, graph.Integer(4)), graph.Numbers(0));
    }
}
