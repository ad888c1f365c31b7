using Stip.Keys.Permutations;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection;

namespace Stip.Onnx.Tests.Protection;

public sealed class PortPlanTests
{
    [Fact]
    public void Protect_OfTooFewAxes_IsRefused()
    {
        var plan = new PortPlan("x", [2], Permutation.Identity(2));

        var refusal = Assert.Throws<RefusedException>(() => plan.Protect(HostTensor.FromFloats([1, 2], 1, 2)));

        Assert.Equal("'x' has shape [1, 2]; its features are on axis 2", refusal.Message);
    }
}
