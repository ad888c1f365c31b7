using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Protection;

/// <summary>The first layers of decoders of every kind of block stay with the client: one of them, and all but
/// one.</summary>
public sealed class ClientLayersOfFamiliesTests(ExportedModels exported) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("decoders", "exaone4")] // norms after, layers with and without a window, some of which do not turn
    [InlineData("decoders", "vaultgemma")] // caps of scores and logits
    [InlineData("decoders", "baichuan-13b")] // slopes
    [InlineData("decoders", "biogpt")] // a table of positions
    [InlineData("decoders", "apertus")] // an activation with weights of its own
    [InlineData("decoders", "openai-gpt")] // norms after sums, and none at the end
    [InlineData("decoders", "opt-350m")] // rows narrower than the stream
    [InlineData("decoders", "chatglm")] // fused gate and up
    [InlineData("experts", "gpt_oss")] // experts with biases, sinks, windows
    [InlineData("experts", "deepseek_v3")] // keys and values from one narrow row, experts in all but the first layers
    [InlineData("experts", "llama4")] // chunks, one expert a row
    [InlineData("experts", "afmoe")] // a gate after attention, four norms
    [InlineData("neighbours", "cohere2")] // attention and feed-forward side by side, windows
    [InlineData("neighbours", "gpt_neox")] // side by side, a norm for each
    [InlineData("neighbours", "falcon-7b")] // one key for all heads
    [InlineData("neighbours", "bloom")] // slopes and a norm of the table's rows
    [InlineData("neighbours", "gpt_bigcode")] // one key, a table of positions
    [InlineData("neighbours", "granite")] // branches by a factor
    [InlineData("neighbours", "gemma")] // a tied head, scaled rows
    [InlineData("neighbours", "olmo3")] // normed queries and keys, windows
    [InlineData("neighbours", "openelm")] // layers of their own sizes
    [InlineData("neighbours", "modernbert-decoder")] // a first layer without its norm
    [InlineData("published", "mistral4")] // experts beside shared ones, latent keys
    public async Task Protect_WithClientLayers_IsTheSameModel(string group, string name)
    {
        var plain = await ExportAsync(group, name);
        int layers;
        using (var model = Onnx.Protection.PlainModel.Open(plain))
        {
            layers = model.Manifest.Graphs["decoder"].Cache!.Layers;
        }

        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([3L, 1L, 4L, 1L, 5L, 9L, 2L, 6L], 2, 4),
            ["attention_mask"] = HostTensor.FromIntegers([1L, 1L, 1L, 1L, 0L, 1L, 1L, 1L], 2, 4),
        };
        var expected = WholeModel.Run(plain, inputs);
        foreach (var count in new[] { 1, layers - 1 }.Distinct())
        {
            var package = Directory.CreateDirectory(_folder.At($"{count}")).FullName;
            var made = PackageProtector.Protect(
                plain, package, new ProtectionOptions { ClientLayers = count }, new SeededRandom(count));

            Assert.True(made.Verification!.Passed, made.Verification.Worst);
            Assert.Equal(layers - count, PackageFolder.ReadCloud(package).Graphs["decoder"].Cache!.Layers);
            var given = WholeModel.Run(package, inputs);
            Assert.Equal(expected.Select(output => output.Name), given.Select(output => output.Name));
            Assert.All(expected.Zip(given), pair => Assert.All(
                pair.First.Tensor.ToFloats().Zip(pair.Second.Tensor.ToFloats()),
                // float32 sums in another order, of values up to about 20.
                values => Assert.Equal(values.First, values.Second, 1e-3f)));
        }

        foreach (var count in new[] { layers, layers + 1, -1 })
        {
            var refusal = Assert.Throws<RefusedException>(() => PackageProtector.Protect(
                plain, _folder.At("refused"), new ProtectionOptions { ClientLayers = count }));
            Assert.StartsWith($"{count} client layers", refusal.Message, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();

    private async Task<string> ExportAsync(string group, string name)
    {
        var recipes = JsonSerializer.Deserialize<JsonArray>(await File.ReadAllBytesAsync(
            RepositoryRoot.At("tests", "data", "architectures", $"{group}.json"),
            TestContext.Current.CancellationToken))!;
        var recipe = recipes.First(recipe => $"{recipe!["name"]}" == name)!;
        var source = Directory.CreateDirectory(_folder.At("source")).FullName;
        DrawnWeights.WriteCheckpoint(source, recipe["config"]!, recipe["tensors"]!.AsObject());
        return await exported.ExportAsync(source, TensorDtype.Float32);
    }
}
