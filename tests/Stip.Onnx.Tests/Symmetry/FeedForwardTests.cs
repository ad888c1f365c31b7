using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Symmetry;

public sealed class FeedForwardTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Fact]
    public void Gate_AndUp_ShareOnePermutation()
    {
        _graph.Input("x", "batch", "seq", 8);
        _graph.Add("MatMul", "gate", "x", _graph.Weight("w_gate", 8, 24));
        _graph.Add("MatMul", "up", "x", _graph.Weight("w_up", 8, 24));
        _graph.Add("Sigmoid", "sigmoid", "gate");
        _graph.Add("Mul", "silu", "gate", "sigmoid");
        _graph.Add("Mul", "product", "silu", "up");
        _graph.Add("MatMul", "down", "product", _graph.Weight("w_down", 24, 8));
        _graph.Add("Add", "y", "x", "down");
        _graph.Output("y", "batch", "seq", 8);

        var plan = ProtocolLaw.AssertHolds(_graph);

        Assert.Equal(plan.Initializers["w_gate"].Axes[1], plan.Initializers["w_up"].Axes[1]);
        Assert.Equal(plan.Initializers["w_gate"].Axes[1], plan.Initializers["w_down"].Axes[0]);
        Assert.Equal(plan.Initializers["w_down"].Axes[1], plan.Inputs["x"].Permutation);
    }

    [Fact]
    public void LayerNorm_FactorAndSummand_FollowTheResidual()
    {
        _graph.Input("x", "batch", "seq", 8);
        _graph.Add("LayerNormalization", "norm", "x", _graph.Weight("factor", 8), _graph.Weight("summand", 8));
        _graph.With(
            "Gemm",
            "dense",
            [Flat("norm", 8), _graph.Weight("w", 12, 8), _graph.Weight("bias", 12)],
            NodeAttribute.Int("transB", 1));
        _graph.Add("Tanh", "y", "dense");
        _graph.Output("y", "n", 12);

        var plan = ProtocolLaw.AssertHolds(_graph);

        Assert.Equal(plan.Inputs["x"].Permutation, plan.Initializers["factor"].Axes[0]);
        Assert.Equal(plan.Inputs["x"].Permutation, plan.Initializers["summand"].Axes[0]);
        Assert.Equal(plan.Outputs["y"].Permutation, plan.Initializers["bias"].Axes[0]);
        Assert.Equal(plan.Outputs["y"].Permutation, plan.Initializers["w"].Axes[0]);
    }

    [Fact]
    public void Experts_OfOneForm_TradePlacesAsWholes()
    {
        _graph.Input("x", "batch", "seq", 8);
        for (var expert = 0; expert < 3; expert++)
        {
            _graph.Add("MatMul", $"in{expert}", "x", _graph.Weight($"w_in{expert}", 8, 6));
            _graph.Add("Relu", $"relu{expert}", $"in{expert}");
            _graph.Add("MatMul", $"out{expert}", $"relu{expert}", _graph.Weight($"w_out{expert}", 6, 8));
        }

        _graph.Add("Sum", "y", "out0", "out1", "out2");
        _graph.Output("y", "batch", "seq", 8);

        ProtocolLaw.AssertHolds(_graph);
        using var file = ModelFile.Load(_graph.FilePath);
        var analysis = SymmetryAnalysis.Of(file);
        var swaps = Enumerable.Range(0, 30).Select(seed => ProtectionPlan.From(
            analysis.Graph, analysis.Draw(new SeededRandom(seed)).Targets).Initializers["w_in0"].Source);

        Assert.Equal(3, swaps.Distinct().Count());
    }

    [Fact]
    public void Concatenation_OfTwoBranches_KeepsThemApart()
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("MatMul", "a", "x", _graph.Weight("w_a", 6, 4));
        _graph.Add("MatMul", "b", "x", _graph.Weight("w_b", 6, 5));
        _graph.Add("Tanh", "tanh", "b");
        _graph.With("Concat", "joined", ["a", "tanh"], NodeAttribute.Int("axis", -1));
        _graph.Add("MatMul", "y", "joined", _graph.Weight("w_c", 9, 7));
        _graph.Output("y", "batch", "seq", 7);

        var rows = ProtocolLaw.AssertHolds(_graph).Initializers["w_c"].Axes[0]!;

        Assert.All(Enumerable.Range(0, 9), i => Assert.Equal(i < 4, rows[i] < 4));
    }

    public void Dispose() => _graph.Dispose();

    private string Flat(string name, int width) =>
        _graph.Add("Reshape", name + "_flat", name, _graph.Graph.AddConstant(name + "_shape", -1, width));
}
