using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Tests.Protection.Cut;

public sealed class OperatorVersionsTests
{
    [Theory]
    [InlineData("OneHot", "", 9, 11, true)]
    [InlineData("ConvTranspose", "auto_pad", 7, 11, true)]
    [InlineData("ConvTranspose", "strides", 7, 11, false)]
    [InlineData("Split", "num_outputs", 17, 18, false)]
    [InlineData("Split", "axis", 17, 18, true)]
    public void FirstChanged_OfANode_IsItWhereItMeansSomethingElse(
        string operation, string attribute, long from, long to, bool isChanged)
    {
        var node = new NodeProto { OpType = operation, Input = { "x", "" }, Output = { "y" } };
        node.Attribute.Add(attribute.Length > 0 ? [new AttributeProto { Name = attribute }] : []);

        Assert.Equal(isChanged ? node : null, OperatorVersions.FirstChanged([node], from, to));
    }
}
