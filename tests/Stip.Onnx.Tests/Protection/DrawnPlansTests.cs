using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

public sealed class DrawnPlansTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Draw_OfTwoThatMayTradePlaces_TradesThem(int seed)
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("MatMul", "narrow", "x", _graph.Weight("down", 6, 2));
        _graph.Add("Tanh", "active", "narrow");
        _graph.Add("MatMul", "y", "active", _graph.Weight("up", 2, 6));
        _graph.Output("y", "batch", "seq", 6);
        using var file = _graph.Save();

        var plans = DrawnPlans.Draw([GraphPart.Of(file)], [], new SeededRandom(seed));

        var plan = Assert.Single(plans.ByPart).Value;
        Assert.NotNull(plan.Initializers["down"].Axes[1]);
        Assert.NotNull(plan.Initializers["up"].Axes[0]);
    }

    public void Dispose() => _graph.Dispose();
}
