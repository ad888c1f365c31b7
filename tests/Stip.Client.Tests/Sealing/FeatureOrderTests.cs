using System.Runtime.InteropServices;
using Stip.Client.Sealing;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Client.Tests.Sealing;

/// <summary>Which vector of a bundle's <c>output.safetensors</c> is an output's order.</summary>
public sealed class FeatureOrderTests
{
    [Theory]
    [InlineData("last_hidden_state", "output_permutation.last_hidden_state")]
    [InlineData("logits", "vocab_permutation")]

    // protect knows no width of the labels of a graph that does not declare it.
    [InlineData("logits", "output_permutation.logits")]
    public void Order_OfAnOutput_IsThatUnderItsName(string output, string name)
    {
        var plain = new float[3];
        Find(output, name)!.ToPlain([10, 20, 30], plain);

        Assert.Equal([30, 10, 20], plain);
    }

    [Fact]
    public void Order_OfAnOutputThatTheFileDoesNotName_IsThePlainOne() =>
        Assert.Null(Find("pooler_output", "vocab_permutation"));

    private static FeatureOrder? Find(string output, string name)
    {
        using var folder = new TemporaryFolder();
        using (var stream = File.Create(folder.At("output.safetensors")))
        {
            int[] order = [2, 0, 1];
            SafetensorsWriter.Write(stream,
                [SafetensorsWriter.Source.FromBytes(
                    name, TensorDtype.Int32, [3], MemoryMarshal.AsBytes(order.AsSpan()).ToArray())]);
        }

        using var file = SafetensorsFile.Open(folder.At("output.safetensors"));
        return FeatureOrder.Find(file, output, output == "logits");
    }
}
