using Stip.Export.Commands;

namespace Stip.Export.Tests.Commands;

public class NamePatternsTests
{
    [Theory]
    [InlineData("layers.12.mlp.up.weight[1]", "layers.*.mlp.up.weight[1]")]
    [InlineData("/bert/encoder/layer.0/attention/MatMul_3", "/bert/encoder/layer.*/attention/MatMul_*")]
    [InlineData("conv1.weight[0]", "conv1.weight[0]")]
    [InlineData("onnx::MatMul_431[0]", "onnx::MatMul_*[0]")]
    public void Of_ANameWithNumbers_KeepsAxesAndWords(string name, string expected) =>
        Assert.Equal(expected, NamePatterns.Of(name));

    [Fact]
    public void Fold_NamesThatLookAlike_AreOneWithTheirNumber() =>
        Assert.Equal(
            ["a", "h.*.w[0] × 2", "b.7[1]"], NamePatterns.Fold(["a", "h.0.w[0]", "h.1.w[0]", "b.7[1]"]));
}
