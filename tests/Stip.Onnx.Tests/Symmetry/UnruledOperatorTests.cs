using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Onnx.Tests.Symmetry;

public sealed class UnruledOperatorTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Fact]
    public void OperatorWithoutRule_PinsWhatItTouches_AndIsNamed()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("MatMul", "a", "x", _graph.Weight("w_a", 6, 8));
        _graph.Graph.Append("example", "Riddle", "riddle", ["a", _graph.Weight("secret", 8)], ["y"]);
        _graph.Output("y", "batch", "seq", 8);
        _graph.Save().Dispose();

        var report = SymmetryInspector.Inspect(_graph.FilePath);

        Assert.Equal(["example.Riddle has no rule"], report.Unruled);
        Assert.Contains(report.Pinned, axis => axis is { Initializer: "w_a", Axis: 1, Count: 8 }
            && axis.Reason.Contains("Riddle", StringComparison.Ordinal));
        Assert.Contains(report.Pinned, axis => axis is { Initializer: "secret", Count: 8 });
        Assert.Equal(["x", "w_a"], report.Classes.Single().Members.Select(member => member.Name));
        Assert.Equal(4.0 / 7 / 2, report.MovedShare, 0.2);
    }

    [Fact]
    public void OperatorOfOneKindOfProcessor_SaysWhatHelps()
    {
        _graph.Input("x", "batch", 6, 4, 4);
        _graph.Graph.Append(
            "com.microsoft.nchwc", "Conv", "conv", ["x", _graph.Weight("kernel", 16, 6, 1, 1)], ["y"]);
        _graph.Output("y", "batch", 16, 4, 4);
        _graph.Save().Dispose();

        var report = SymmetryInspector.Inspect(_graph.FilePath);

        Assert.Contains("optimised to the level before", Assert.Single(report.Unruled), StringComparison.Ordinal);
    }

    // Laid out for one kind of GPU, which the CPU of the verification takes for the plain layout.
    [Fact]
    public void ProductWhoseBitsAreLaidOutForAGpu_IsHeldAndSaysWhatHelps()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("MatMul", "a", "x", _graph.Weight("w_a", 6, 16));
        _graph.Microsoft(
            "MatMulNBits", "y", ["a", _graph.Bytes("w", 5, 1, 8), _graph.Weight("scales", 5, 1)],
            NodeAttribute.Int("K", 16), NodeAttribute.Int("N", 5), NodeAttribute.Int("bits", 4),
            NodeAttribute.Int("block_size", 16), NodeAttribute.Int("weight_prepacked", 1));
        _graph.Output("y", "batch", "seq", 5);
        _graph.Save().Dispose();

        var report = SymmetryInspector.Inspect(_graph.FilePath);

        Assert.Equal(
            "MatMulNBits with weights that are laid out for one kind of GPU (weight_prepacked 1); build the graph "
            + "with matmulnbits_weights_prepacked=0",
            Assert.Single(report.Unruled));
        Assert.Contains(report.Pinned, axis => axis is { Initializer: "w_a", Axis: 1, Count: 16 });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void ExpertsThatAreLaidOutForAGpu_SayWhatHelps(int prepacked)
    {
        // [experts, inputs, outputs / 2] where the plain layout is [experts, outputs, inputs / 2].
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("MatMul", "a", "x", _graph.Weight("w_a", 6, 32));
        _graph.Add("MatMul", "r", "x", _graph.Weight("w_r", 6, 4));
        _graph.Add("Reshape", "router", "r", _graph.Numbers(-1, 4));
        _graph.Microsoft(
            "QMoE", "y",
            ["a", "router", _graph.Bytes("fc1", 4, 32, 32), _graph.Weight("fc1_scales", 4, 64, 1), "",
                _graph.Bytes("fc2", 4, 64, 16), _graph.Weight("fc2_scales", 4, 32, 2)],
            [NodeAttribute.Int("k", 2), NodeAttribute.Int("block_size", 32), NodeAttribute.Int("expert_weight_bits", 4),
                .. prepacked < 0 ? [] : new[] { NodeAttribute.Int("weights_prepacked", prepacked) }]);
        _graph.Output("y", "batch", "seq", 32);
        _graph.Save().Dispose();

        var report = SymmetryInspector.Inspect(_graph.FilePath);

        Assert.Contains("build the graph with qmoe_weights_prepacked=0", Assert.Single(report.Unruled),
            StringComparison.Ordinal);
    }

    [Fact]
    public void OperatorWithoutRule_OfUnknownShape_IsRunForItsShape()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("MatMul", "a", "x", _graph.Weight("w_a", 6, 8));
        var picture = _graph.Add("Reshape", "picture", "a", _graph.Numbers(-1, 8, 1, 1));
        _graph.Add("Det", "mixed", picture);
        var rows = _graph.Add("Reshape", "rows", "mixed", _graph.Numbers(-1, 8));
        _graph.Add("MatMul", "y", rows, _graph.Weight("w", 8, 5));
        _graph.Output("y", "rows", 5);
        _graph.Save().Dispose();

        var report = SymmetryInspector.Inspect(_graph.FilePath);

        Assert.Equal(["Det has no rule"], report.Unruled);
        Assert.Contains(report.Pinned, axis => axis is { Initializer: "w_a", Axis: 1, Count: 8 });
        Assert.Contains(report.Classes, one => one.Members.Any(member => member.Name == "x"));
    }

    [Fact]
    public void OperatorOfNumbers_WithoutRule_IsRunForThem()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("HannWindow", "window", _graph.Integer(6));
        _graph.Add("Shape", "window_shape", "window");
        _graph.Add("ConstantOfShape", "zeros", "window_shape");
        _graph.Add("MatMul", "a", "x", _graph.Weight("w_a", 6, 6));
        _graph.Add("Add", "y", "a", "zeros");
        _graph.Output("y", "batch", "seq", 6);
        _graph.Save().Dispose();

        var report = SymmetryInspector.Inspect(_graph.FilePath);

        Assert.Empty(report.Unruled);
        Assert.Empty(report.Pinned);
    }

    [Fact]
    public void OperatorWithoutRule_OfUnknownShape_IsRefused()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Graph.Append("example", "Riddle", "riddle", ["x"], ["a"]);
        _graph.Add("MatMul", "y", "a", _graph.Weight("w", 6, 8));
        _graph.Output("y", "batch", "seq", 8);

        Assert.Contains("Riddle", Refusal().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void VariantWithoutRule_OfUnknownShape_IsSaid()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Microsoft(
            "Attention", "a", ["x", _graph.Weight("w", 6, 24), _graph.Weight("b", 24)],
            NodeAttribute.Int("num_heads", 1), NodeAttribute.Int("do_rotary", 1));
        _graph.Add("MatMul", "y", "a", _graph.Weight("w_y", 8, 8));
        _graph.Output("y", "batch", "seq", 8);

        Assert.Contains(
            "is not supported (Attention with rotary embedding", Refusal().Message, StringComparison.Ordinal);
    }

    // Which of a list it takes is known to nobody, so the list stays.
    [Fact]
    public void ListOfTensors_TakenFromByAComputedIndex_IsHeld()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("MatMul", "a", "x", _graph.Weight("w_a", 6, 8));
        _graph.Add("MatMul", "b", "x", _graph.Weight("w_b", 6, 8));
        _graph.Add("SequenceConstruct", "list", "a", "b");
        _graph.Add("Cast", "index", _graph.Add("ReduceMax", "top", "x"));
        _graph.Graph.Graph.Node[^1].Attribute.Add(NodeAttribute.Int("to", 7));
        _graph.Add("SequenceAt", "y", "list", "index");
        _graph.Output("y", "batch", "seq", 8);
        _graph.Save().Dispose();

        var report = SymmetryInspector.Inspect(_graph.FilePath);

        Assert.Contains(report.Pinned, axis => axis is { Initializer: "w_a", Axis: 1, Count: 8 });
        Assert.Contains(report.Pinned, axis => axis is { Initializer: "w_b", Axis: 1, Count: 8 });
    }

    [Fact]
    public void OperatorWithAGraphOfItsOwn_IsRefused()
    {
        _graph.Input("x", "batch", "seq", 6);
        var branch = new AttributeProto
        {
            Name = "then_branch",
            Type = AttributeProto.Types.AttributeType.Graph,
            G = new GraphProto { Name = "branch" },
        };
        _graph.Graph.Append("", "If", "choice", ["x"], ["y"], branch);
        _graph.Output("y", "batch", "seq", 6);

        Assert.Contains("'choice'", Refusal().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NodeThatReadsNothing_IsRefused()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("Add", "y", "x", "ghost");
        _graph.Output("y", "batch", "seq", 6);

        Assert.Contains("'ghost'", Refusal().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ShapesThatDoNotFit_AreRefused()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("Add", "y", "x", _graph.Weight("w", 5));
        _graph.Output("y", "batch", "seq", 6);

        Assert.Contains("do not go together", Refusal().Message, StringComparison.Ordinal);
    }

    public void Dispose() => _graph.Dispose();

    private RefusedException Refusal()
    {
        using var file = _graph.Save();
        return Assert.Throws<RefusedException>(() => SymmetryAnalysis.Of(file));
    }
}
