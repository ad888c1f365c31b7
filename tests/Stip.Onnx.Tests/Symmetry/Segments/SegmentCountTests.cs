using System.Security.Cryptography;
using System.Text.Json;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Onnx.Tests.Symmetry.Segments;

/// <summary>A wider model has longer runs, not more of them.</summary>
public sealed class SegmentCountTests
{
    private const int Heads = 2;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Block_OfAnyWidth_HasAsManySegments(bool scalesTransposedKeys) =>
        Assert.Equal(Segments(8, scalesTransposedKeys), Segments(32, scalesTransposedKeys));

    [Fact]
    public void SumOverPositions_OfAnyWidth_HasAsManySegments() => Assert.Equal(Pooled(6), Pooled(24));

    [Fact]
    public void SinesAndCosinesInTurns_OfAnyWidth_HaveAsManySegments() => Assert.Equal(InTurns(16), InTurns(48));

    [Fact]
    public void RowsOfABatch_ThatAreAlike_AreFollowedOnce()
    {
        using var graph = new SmallGraph();
        Block(graph, 8, false);
        using var file = graph.Save();
        using var random = RandomNumberGenerator.Create();
        var apart = SymmetryAnalysis.Of(file);

        var alike = SymmetryAnalysis.Of([GraphPart.Of(file) with { HasAlikeRows = true }], []);

        Assert.InRange(alike.Segments.Count, 1, apart.Segments.Count * 2 / 3);
        Assert.Equal(
            JsonSerializer.Serialize(SymmetryInspector.Report(apart, random)),
            JsonSerializer.Serialize(SymmetryInspector.Report(alike, random)));
    }

    [Fact]
    public void Attention_OverMorePositions_GrowsAsTheyDo()
    {
        var (some, twice) = (OverPositions(36), OverPositions(72));

        Assert.InRange(twice, some, (2 * some) + 1);
    }

    // As many segments as there are where scores are kept by rows, which finds what scores one by one find.
    private static int OverPositions(int positions)
    {
        using var graph = new SmallGraph();
        Block(graph, 8, false, positions);
        using var file = graph.Save();
        using var random = RandomNumberGenerator.Create();
        var byRows = SymmetryAnalysis.Of(file);
        var byCells = SymmetryAnalysis.Of(file, mostScores: int.MaxValue);
        Assert.Equal(
            JsonSerializer.Serialize(SymmetryInspector.Report(byCells, random)),
            JsonSerializer.Serialize(SymmetryInspector.Report(byRows, random)));
        return byRows.Segments.Count;
    }

    private static int Segments(int width, bool scalesTransposedKeys)
    {
        using var graph = new SmallGraph();
        Block(graph, width, scalesTransposedKeys);
        return Count(graph);
    }

    // Norm, attention written out of single operators with rotary angles, feed-forward.
    private static void Block(SmallGraph graph, int width, bool scalesTransposedKeys, int? positions = null)
    {
        Axis length = positions is { } count ? count : "seq";
        graph.Input("x", "batch", length, width);
        graph.Add("LayerNormalization", "normed", "x", graph.Weight("factor", width), graph.Weight("summand", width));
        var query = Turned(graph, ByHeads(graph, "q", width), width / Heads);
        var key = graph.With("Transpose", "key", [ByHeads(graph, "k", width)], Order(0, 1, 3, 2));
        key = scalesTransposedKeys
            ? graph.Add("Mul", "scaled", key, graph.Weight("scale", 1, 1, width / Heads, 1))
            : key;
        graph.Add("MatMul", "scores", query, key);
        graph.With("Softmax", "shares", ["scores"], NodeAttribute.Int("axis", -1));
        graph.Add("MatMul", "mixed", "shares", ByHeads(graph, "v", width));
        graph.With("Transpose", "back", ["mixed"], Order(0, 2, 1, 3));
        graph.Add("Reshape", "joined", "back", graph.Graph.AddConstant("joined_shape", 0, 0, width));
        graph.Add("MatMul", "projected", "joined", graph.Weight("w_o", width, width));
        graph.Add("Add", "sum", "x", "projected");
        graph.Add("MatMul", "inner", "sum", graph.Weight("w_in", width, 3 * width));
        graph.Add("Relu", "active", "inner");
        graph.Add("MatMul", "y", "active", graph.Weight("w_out", 3 * width, width));
        graph.Output("y", "batch", length, width);
    }

    private static int Pooled(int width)
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", width);
        graph.Add("ReduceMean", "mean", "x", graph.Graph.AddConstant("axes", 1));
        graph.Add("MatMul", "y", "mean", graph.Weight("w", width, width));
        graph.Output("y", "batch", 1, width);
        return Count(graph);
    }

    // Positions are added as pairs side by side; what is added to lies behind a matrix and a norm.
    private static int InTurns(int width)
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", width);
        graph.Add("MatMul", "features", "x", graph.Weight("w_x", width, width));
        var (start, end) = (graph.Graph.AddConstant("start", 0), graph.Graph.AddConstant("end", width));
        var (zero, one, two) = (
            graph.Graph.AddConstant("zero", 0), graph.Graph.AddConstant("one", 1), graph.Graph.AddConstant("two", 2));
        var angles = graph.Add("Sqrt", "angles", graph.Weight("frequencies", width));
        var even = graph.Add("Sin", "sin", graph.Add("Slice", "even", angles, start, end, zero, two));
        var odd = graph.Add("Cos", "cos", graph.Add("Slice", "odd", angles, one, end, zero, two));
        graph.With(
            "Concat",
            "pairs",
            [graph.Add("Unsqueeze", "evens", even, one), graph.Add("Unsqueeze", "odds", odd, one)],
            NodeAttribute.Int("axis", -1));
        graph.Add("Reshape", "positions", "pairs", graph.Graph.AddConstant("shape", width));
        var (factor, bias) = (graph.Weight("factor", width), graph.Weight("bias", width));
        graph.Add("LayerNormalization", "normed", "features", factor, bias);
        graph.Add("Add", "placed", "normed", "positions");
        graph.Add("MatMul", "inner", "placed", graph.Weight("w_in", width, 3 * width));
        graph.Add("MatMul", "y", graph.Add("Relu", "active", "inner"), graph.Weight("w_out", 3 * width, width));
        graph.Output("y", "batch", "seq", width);
        return Count(graph);
    }

    private static int Count(SmallGraph graph)
    {
        using var file = graph.Save();
        TwoForms.AssertAgree(file);
        return SymmetryAnalysis.Of(file).Segments.Count;
    }

    private static string ByHeads(SmallGraph graph, string name, int width)
    {
        graph.Add("MatMul", $"{name}_flat", "normed", graph.Weight($"w_{name}", width, width));
        graph.Add(
            "Reshape",
            $"{name}_split",
            $"{name}_flat",
            graph.Graph.AddConstant($"{name}_shape", 0, 0, Heads, width / Heads));
        return graph.With("Transpose", $"{name}_heads", [$"{name}_split"], Order(0, 2, 1, 3));
    }

    // x · cos + turned x · sin, the angles a row of weights.
    private static string Turned(SmallGraph graph, string name, int channels)
    {
        var last = graph.Graph.AddConstant("last", 3);
        var (start, middle) = (graph.Graph.AddConstant("start", 0), graph.Graph.AddConstant("middle", channels / 2));
        var end = graph.Graph.AddConstant("end", channels);
        graph.Add("Slice", "first", name, start, middle, last);
        graph.Add("Neg", "negative", graph.Add("Slice", "second", name, middle, end, last));
        graph.With("Concat", "rotated", ["negative", "first"], NodeAttribute.Int("axis", -1));
        var angles = graph.Weight("angles", channels / 2);
        graph.With("Concat", "both", [angles, angles], NodeAttribute.Int("axis", 0));
        graph.Add("Mul", "left", name, graph.Add("Cos", "cos", "both"));
        graph.Add("Mul", "right", "rotated", graph.Add("Sin", "sin", "both"));
        return graph.Add("Add", "query", "left", "right");
    }

    private static AttributeProto Order(params long[] axes)
    {
        var order = new AttributeProto { Name = "perm", Type = AttributeProto.Types.AttributeType.Ints };
        order.Ints.Add(axes);
        return order;
    }
}
