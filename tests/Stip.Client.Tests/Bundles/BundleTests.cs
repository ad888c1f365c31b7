using System.Text.Json.Nodes;
using Stip.Client.Bundles;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Bundles;

public sealed class BundleTests
{
    private static readonly ToyModel Model = new();

    [Fact]
    public void Open_ClientFolderOrTheFolderAboveOrTheManifest_IsTheSame()
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.At("client"), Model);

        foreach (var path in new[] { folder.Path, folder.At("client"), folder.At("client", "bundle.json") })
        {
            using var bundle = Bundle.Open(path);
            Assert.Equal("toy", bundle.Manifest.Model);
            Assert.Null(bundle.Tokenizer);
            Assert.Null(bundle.Template);
        }
    }

    [Theory]
    [InlineData("protocol", "stip/2", "stip/1")]
    [InlineData("model", null, "'model' is missing")]
    [InlineData("fingerprint", null, "'fingerprint' is missing")]
    [InlineData("hidden_size", 0, "'hidden_size' 0")]
    [InlineData("vocab_size", 63, "token_embedding|vocab_permutation")]
    [InlineData("hidden_size", 5, "token_embedding")]
    [InlineData("key_epoch", 0, "'key_epoch' 0")]
    [InlineData("wire_dtype", "int8", "'wire_dtype' 'int8'")]
    [InlineData("eos_token_ids", null, "'eos_token_ids'")]
    [InlineData("embedding", null, "'embedding'")]
    [InlineData("pooling", "median", "'pooling' 'median' is not mean, cls, max, lasttoken or pooler_output")]
    [InlineData("fill_token_id", 64, "'fill_token_id' 64 is not in 0..63")]
    public void Open_SpoiledManifest_IsRefusedByName(string field, object? value, string expected)
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, Model, manifest => manifest[field] = JsonValue.Create(value));

        var refusal = Assert.Throws<BundleException>(() => Bundle.Open(folder.Path));

        Assert.Contains(expected.Split('|'), part => refusal.Message.Contains(part, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Theory]
    [InlineData("""{"rows":"first"}""", "has rows 'first', which is not all or last")]
    [InlineData("""{"rows":"all","gives":"ranks"}""", "gives 'ranks', which is not known")]
    [InlineData(
        """{"rows":"all","inputs":{"x1":"twos"}}""", "fills 'x1' with 'twos', which is not ones, zeros or positions")]
    public void Open_WholeSequencesOfALaterVersion_AreRefused(string whole, string expected)
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, Model, manifest => manifest["whole_sequence"] = JsonNode.Parse(whole));

        var refusal = Assert.Throws<BundleException>(() => Bundle.Open(folder.Path));

        Assert.EndsWith($"'whole_sequence' {expected}", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("""{"file":"a.onnx"}""")]
    [InlineData("""{"inputs":[],"outputs":[]}""")]
    [InlineData("""{"file":"a.onnx","inputs":[null],"outputs":[]}""")]
    [InlineData("""{"file":"a.onnx","inputs":[],"outputs":[{"name":"x","dtype":"float32"}]}""")]
    [InlineData("""{"file":"a.onnx","inputs":[{"dtype":"float32","shape":[]}],"outputs":[]}""")]
    public void Open_GraphThatIsHalfSaid_IsRefused(string graph)
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, Model, manifest =>
        {
            manifest["kind"] = "encoder-decoder";
            manifest["client_graphs"] = new JsonObject { ["encoder"] = JsonNode.Parse(graph) };
        });

        var refusal = Assert.Throws<BundleException>(() => Bundle.Open(folder.Path));

        Assert.Contains("'client_graphs' of 'encoder'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RequireRows_OfATokenPastTheTable_IsRefusedWithoutTheToken()
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, Model);
        using var bundle = Bundle.Open(folder.Path);

        Assert.Equal([0, 63], bundle.RequireRows([0, 63]));
        var refusal = Assert.Throws<BundleException>(() => bundle.RequireRows([3, 12_345]));
        Assert.Contains("model 'toy'", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("12345", refusal.Message, StringComparison.Ordinal);
    }

    // A classifier's vocab_size is the number of its labels.
    [Fact]
    public void RequireRows_OfAnEncoderWhoseRowsAGraphMakes_LeavesTokensToTheGraph()
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, Model, manifest =>
        {
            manifest["kind"] = "encoder";
            manifest["vocab_size"] = 2;
            manifest["labels"] = new JsonArray("no", "yes");
            manifest["embedding"]!["tensors"] = new JsonArray();
            manifest["client_layers"] = 1;
            manifest["client_graphs"] = JsonNode.Parse(
                """
                {"encoder":{"file":"layers.onnx",
                    "inputs":[{"name":"input_ids","dtype":"int64","shape":["batch","seq"]}],
                    "outputs":[{"name":"inputs_embeds","dtype":"float32","shape":["batch","seq",8]}]}}
                """);
        });
        using var bundle = Bundle.Open(folder.Path);

        Assert.Equal([0, 12_345], bundle.RequireRows([0, 12_345]));
        Assert.Throws<BundleException>(() => bundle.RequireRows([-1]));
    }

    [Fact]
    public void Open_ModeNone_IsRefusedUnlessAllowed()
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, Model, manifest => manifest["mode"] = "none");

        var refusal = Assert.Throws<BundleException>(() => Bundle.Open(folder.Path));
        Assert.Contains("--allow-unprotected", refusal.Message, StringComparison.Ordinal);
        Bundle.Open(folder.Path, allowUnprotected: true).Dispose();
    }

    [Theory]
    [InlineData("bundle.json")]
    [InlineData("embedding.safetensors")]
    [InlineData("output.safetensors")]
    public void Open_MissingOrTruncatedFile_IsRefusedByName(string name)
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, Model);
        var path = folder.At(name);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^9]);
        Assert.Contains(name, Refusal(folder), StringComparison.Ordinal);

        File.Delete(path);
        Assert.Contains(name, Refusal(folder), StringComparison.Ordinal);
    }

    private static string Refusal(TemporaryFolder folder) =>
        Assert.Throws<BundleException>(() => Bundle.Open(folder.Path)).Message;

    [Fact]
    public void Open_PermutationThatNamesAnEntryTwice_IsRefused()
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, Model);
        ToyBundle.WriteTensor(
            folder.At("output.safetensors"), "vocab_permutation", TensorDtype.Int32, [64], new byte[64 * sizeof(int)]);

        var refusal = Assert.Throws<BundleException>(() => Bundle.Open(folder.Path));

        Assert.Contains("once", refusal.Message, StringComparison.Ordinal);
    }
}
