using Stip.Keys.Bundles;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;

namespace Stip.Export.Tests.Protection;

/// <summary>The first layers stay with the client: the whole is the same model.</summary>
public sealed class ClientLayersTests(ExportedModels exported, ProtectedModels packages)
{
    private const string Llama = "tiny-llama2-70b";

    [Theory]
    [InlineData(Llama, 1, VerificationMode.Full)]
    [InlineData(Llama, 1, VerificationMode.Blocks)]
    [InlineData("tiny-gpt2-xl", 2, VerificationMode.Full)]
    [InlineData("tiny-mixtral-8x7b", 1, VerificationMode.Full)]
    [InlineData("tiny-mistral-window", 1, VerificationMode.Full)]
    [InlineData("tiny-bert-classifier", 1, VerificationMode.Full)]
    [InlineData("stories-bert", 1, VerificationMode.Blocks)]
    public async Task Protect_WithClientLayers_IsTheSameModel(string name, int layers, VerificationMode mode)
    {
        var options = new ProtectionOptions(Verify: mode) { ClientLayers = layers };

        var (folder, made) = await packages.ProtectAsync(exported, name, options, seed: 3);

        Assert.True(made.Verification!.Passed, made.Verification.Worst);
        var plain = await exported.FolderAsync(name);
        Assert.True(PackageVerifier.Verify(plain, folder, samples: 2).Passed);
        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([3L, 1L, 4L, 1L, 5L, 9L, 2L, 6L], 2, 4),
            ["attention_mask"] = HostTensor.FromIntegers([1L, 1L, 1L, 1L, 0L, 1L, 1L, 1L], 2, 4),
        };
        var (mine, other) = (WholeModel.Run(plain, inputs), WholeModel.Run(folder, inputs));
        Assert.Equal(mine.Select(output => output.Name), other.Select(output => output.Name));
        Assert.All(mine.Zip(other), pair => Assert.All(
            pair.First.Tensor.ToFloats().Zip(pair.Second.Tensor.ToFloats()),
            // float32 sums in another order, of values up to about 10.
            values => Assert.Equal(values.First, values.Second, 1e-3f)));
    }

    [Fact]
    public async Task Protect_WithClientLayers_LeavesTheServerTheOthersOnly()
    {
        var options = new ProtectionOptions(Verify: VerificationMode.None) { ClientLayers = 1 };

        var (folder, _) = await packages.ProtectAsync(exported, Llama, options, seed: 3);

        var cloud = PackageFolder.ReadCloud(folder);
        var client = PackageFolder.ReadClient(folder).ClientGraphs!["decoder"];
        using var server = ModelFile.Load(Path.Combine(folder, "cloud", cloud.Graphs["decoder"].File));
        Assert.Equal("layers.onnx", client.File);
        Assert.Contains("past_key_values.0.key", client.Inputs.Select(input => input.Name));
        Assert.DoesNotContain("past_key_values.1.key", client.Inputs.Select(input => input.Name));
        Assert.DoesNotContain(server.Tensors, tensor => tensor.Name.StartsWith("layers.0.", StringComparison.Ordinal));
        Assert.Equal(
            cloud.Graphs["decoder"].Cache!.Layers, server.Graph.Input.Count(input => input.Name.EndsWith(".key")));
        Assert.Contains("past_key_values.0.key", server.Graph.Input.Select(input => input.Name));
        Assert.True(File.Exists(Path.Combine(folder, "client", BundleManifest.EmbeddingFileName)));
    }

    [Theory]
    [InlineData("digits-vit")]
    [InlineData("tiny-vit-huge")]
    public async Task Protect_OfAnEncoderOfPicturesWithClientLayers_IsTheSameModel(string name)
    {
        var options = new ProtectionOptions(Verify: VerificationMode.Full) { ClientLayers = 1 };

        var (folder, made) = await packages.ProtectAsync(exported, name, options, seed: 3);

        Assert.True(made.Verification!.Passed, made.Verification.Worst);
        Assert.True(PackageVerifier.Verify(await exported.FolderAsync(name), folder, samples: 2).Passed);
        var cloud = PackageFolder.ReadCloud(folder);
        var (role, client) = PackageFolder.ReadClient(folder).ClientGraphs!.Single();
        using var patches = ModelFile.Load(Path.Combine(folder, "client", client.File));
        using var server = ModelFile.Load(Path.Combine(folder, "cloud", cloud.Graphs[role].File));
        Assert.DoesNotContain(server.Tensors, tensor => tensor.Name.StartsWith("layers.0.", StringComparison.Ordinal));
        Assert.Contains(patches.Tensors, tensor => tensor.Name.StartsWith("layers.0.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Llama, 64)]
    [InlineData(Llama, -1)]
    [InlineData("tiny-bert-classifier", 64)]
    [InlineData("digits-vit", 64)]
    [InlineData("digits-llava", 1)] // several parts
    public async Task Protect_WithLayersThatCannotBeTheClients_IsRefused(string name, int layers)
    {
        var refusal = await Assert.ThrowsAsync<RefusedException>(() => packages.ProtectAsync(
            exported, name, new ProtectionOptions { ClientLayers = layers }, seed: 3));

        Assert.Contains($"{layers} client layers", refusal.Message, StringComparison.Ordinal);
    }
}
