using System.Runtime.InteropServices;
using Stip.Client.Bundles;
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

    // A map whose labels are on its second axis may be as wide as its labels are many.
    [Fact]
    public void Order_OfAnotherAxisThanTheLast_IsRefused() => Assert.Contains(
        "is the order of axis 1 of 'logits'",
        Assert.Throws<BundleException>(() => Find("logits", "vocab_permutation", axis: "1")).Message,
        StringComparison.Ordinal);

    private static FeatureOrder? Find(string output, string name, string? axis = null)
    {
        using var folder = new TemporaryFolder();
        using (var stream = File.Create(folder.At("output.safetensors")))
        {
            int[] order = [2, 0, 1];
            SafetensorsWriter.Write(stream,
                [SafetensorsWriter.Source.FromBytes(
                    name, TensorDtype.Int32, [3], MemoryMarshal.AsBytes(order.AsSpan()).ToArray())],
                axis is null ? null : new Dictionary<string, string> { [name] = axis });
        }

        using var file = SafetensorsFile.Open(folder.At("output.safetensors"));
        return FeatureOrder.Find(file, output, output == "logits");
    }
}
