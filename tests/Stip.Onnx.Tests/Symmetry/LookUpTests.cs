using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Reports;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Symmetry;

public sealed class LookUpTests
{
    [Fact]
    public void Table_LookedUpByIds_KeepsItsRowsAndMovesItsColumns()
    {
        using var graph = new SmallGraph();
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        graph.Add("Gather", "rows", graph.Weight("table", 9, 6), "input_ids");
        graph.Add("MatMul", "y", "rows", graph.Weight("w", 6, 8));
        graph.Output("y", "batch", "seq", 8);

        var plan = ProtocolLaw.AssertHolds(
            graph,
            new Dictionary<string, HostTensor> { ["input_ids"] = HostTensor.FromIntegers([8L, 0L, 3L], 1, 3) });

        Assert.Null(plan.Initializers["table"].Axes[0]);
        Assert.Equal(plan.Initializers["table"].Axes[1], plan.Initializers["w"].Axes[0]);
        Assert.Contains(
            SymmetryInspector.Inspect(graph.FilePath).Pinned,
            axis => axis is { Initializer: "table", Axis: 0, Count: 9 } && axis.Reason.Contains("looked up"));
    }

    [Fact]
    public void TiedTable_AsHead_KeepsItsRowsThereToo()
    {
        using var graph = new SmallGraph();
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        var table = graph.Weight("table", 9, 6);
        graph.Add("Gather", "rows", table, "input_ids");
        graph.Add("Tanh", "hidden", "rows");
        graph.With("Transpose", "head", [table]);
        graph.Add("MatMul", "y", "hidden", "head");
        graph.Output("y", "batch", "seq", 9);

        var plan = ProtocolLaw.AssertHolds(
            graph,
            new Dictionary<string, HostTensor> { ["input_ids"] = HostTensor.FromIntegers([8L, 0L, 3L], 1, 3) });

        Assert.Null(plan.Initializers["table"].Axes[0]);
        Assert.Null(plan.Outputs["y"].Permutation);
    }

    [Fact]
    public void TablesOfOneForm_LookedUpByDifferentIds_DoNotTradePlaces()
    {
        using var graph = new SmallGraph();
        graph.Graph.AddInput("left", TensorDtype.Int64, "batch", "seq");
        graph.Graph.AddInput("right", TensorDtype.Int64, "batch", "seq");
        graph.Add("Gather", "a", graph.Weight("table_a", 9, 6), "left");
        graph.Add("Gather", "b", graph.Weight("table_b", 9, 6), "right");
        graph.Add("MatMul", "y", graph.Add("Add", "sum", "a", "b"), graph.Weight("w", 6, 8));
        graph.Output("y", "batch", "seq", 8);

        var plan = ProtocolLaw.AssertHolds(
            graph,
            new Dictionary<string, HostTensor>
            {
                ["left"] = HostTensor.FromIntegers([8L, 0L, 3L], 1, 3),
                ["right"] = HostTensor.FromIntegers([1L, 5L, 3L], 1, 3),
            });

        Assert.NotNull(plan.Initializers["table_a"].Axes[1]);
    }

    [Fact]
    public void Angles_OfPositionsInTimeAndInRows_DoNotTradePlaces()
    {
        using var graph = new SmallGraph();
        graph.Graph.AddInput("position_ids", TensorDtype.Int64, 2, "batch", "seq");
        graph.With("Cast", "places", ["position_ids"], NodeAttribute.Int("to", 1));
        graph.Add("Unsqueeze", "column", "places", graph.Numbers(3));
        graph.Add("Mul", "angles", "column", graph.Weight("frequencies", 6));
        foreach (var kind in new[] { 0, 1 })
        {
            graph.With("Gather", $"angles_{kind}", ["angles", graph.Numbers(kind)], NodeAttribute.Int("axis", 0));
            graph.Add("Squeeze", $"kind_{kind}", $"angles_{kind}", graph.Numbers(0));
            graph.Add(
                "Slice", $"part_{kind}", $"kind_{kind}", graph.Numbers(3 * kind), graph.Numbers(3 + (3 * kind)),
                graph.Numbers(2));
        }

        graph.With("Concat", "both", ["part_0", "part_1"], NodeAttribute.Int("axis", 2));
        graph.Add("Cos", "cosines", "both");
        graph.Add("Mul", "turned", graph.Hidden(6), "cosines");
        graph.Finish("turned", 6);

        var plan = ProtocolLaw.AssertHolds(
            graph,
            new Dictionary<string, HostTensor>
            {
                ["x"] = HostTensor.FromFloats([.. Enumerable.Range(0, 18).Select(i => (i % 7) - 3f)], 1, 3, 6),
                ["position_ids"] = HostTensor.FromIntegers([0L, 4L, 9L, 7L, 2L, 5L], 2, 1, 3),
            });

        Assert.NotNull(plan.Initializers["frequencies"].Axes[0]);
    }

    [Fact]
    public void PlacesOfAOneHotIndex_ThatTheRunDoesNotReach_KeepTheirRows()
    {
        using var graph = new SmallGraph();
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        graph.Add("OneHot", "hot", "input_ids", graph.Integer(12), graph.Floats(0, 1));
        graph.Add("MatMul", "rows", "hot", graph.Weight("table", 12, 6));
        graph.Add("MatMul", "y", "rows", graph.Weight("w", 6, 8));
        graph.Output("y", "batch", "seq", 8);

        var plan = ProtocolLaw.AssertHolds(
            graph,
            new Dictionary<string, HostTensor> { ["input_ids"] = HostTensor.FromIntegers([11L, 7L, 9L], 1, 3) });

        Assert.Null(plan.Initializers["table"].Axes[0]);
    }

    [Fact]
    public void ScalesInAnotherShape_OfATableInBlocks_HoldItInsteadOfEndingTheRun()
    {
        using var graph = new SmallGraph();
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        graph.Add("Reshape", "flat", graph.Bytes("table", 9, 2, 16), graph.Numbers(9, -1));
        graph.Add("Reshape", "scales", graph.Weight("flat_scales", 18), graph.Numbers(9, -1));
        graph.Microsoft(
            "GatherBlockQuantized", "rows", ["flat", "input_ids", "scales"], NodeAttribute.Int("bits", 4),
            NodeAttribute.Int("block_size", 32), NodeAttribute.Int("quantize_axis", 1));
        graph.Add("MatMul", "y", "rows", graph.Weight("w", 64, 8));
        graph.Output("y", "batch", "seq", 8);
        using var file = graph.Save();

        Assert.Contains(
            SymmetryInspector.Inspect(graph.FilePath).Unruled, name => name.Contains("GatherBlockQuantized"));
    }

    // Their elements are what they are, a scale may count for a whole axis, and a block of 0 is all of it.
    [Theory]
    [InlineData(16, 0, 9, 1)]
    [InlineData(32, 0, 1, 1)]
    [InlineData(32, 16, 9, 2)]
    public void TableOfFloatsOfEightBits_LookedUpByIds_MovesItsColumns(int width, int block, int rows, int blocks)
    {
        using var graph = new SmallGraph();
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        graph.Microsoft(
            "GatherBlockQuantized", "rows",
            [graph.Bytes("table", 9, width), "input_ids", graph.Weight("scales", rows, blocks)],
            NodeAttribute.Int("block_size", block), NodeAttribute.Int("quantize_axis", 1));
        graph.Add("MatMul", "y", "rows", graph.Weight("w", width, 8));
        graph.Output("y", "batch", "seq", 8);
        graph.Save().Dispose();
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(graph.FilePath));
        model.Graph.Initializer.Single(tensor => tensor.Name == "table").DataType =
            (int)TensorProto.Types.DataType.Float8E4M3Fn;
        File.WriteAllBytes(graph.FilePath, Google.Protobuf.MessageExtensions.ToByteArray(model));

        var report = SymmetryInspector.Inspect(graph.FilePath);

        Assert.Empty(report.Unruled);
        Assert.DoesNotContain(report.Pinned, axis => axis is { Initializer: "table", Axis: 1 });
    }
}
