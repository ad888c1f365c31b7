using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Tests.Protection.Cut;

public sealed class SplitNormsTests
{
    [Theory]
    [InlineData(null, 1e-12f)] // what ONNX Runtime takes for joined norms, and 1e-5 for the others
    [InlineData(1e-6f, 1e-6f)]
    public void Of_AJoinedNorm_KeepsWhatItAdds(float? epsilon, float expected)
    {
        var node = Norm("com.microsoft");
        node.Attribute.Add(epsilon is { } value ? [NodeAttribute.Float("epsilon", value)] : []);

        var norm = SplitNorms.Of(new GraphProto { Node = { node } }).Node.Last();

        Assert.Equal("LayerNormalization", norm.OpType);
        Assert.Equal(expected, norm.Attribute.Single(attribute => attribute.Name == "epsilon").F);
    }

    [Fact]
    public void Of_AnOperatorOfAnotherDomain_LeavesIt()
    {
        var graph = new GraphProto { Node = { Norm("pkg.local") } };

        Assert.Same(graph, SplitNorms.Of(graph));
    }

    private static NodeProto Norm(string domain) => new()
    {
        OpType = "SkipLayerNormalization",
        Domain = domain,
        Input = { "x", "skip", "gamma", "beta" },
        Output = { "y" },
    };
}
