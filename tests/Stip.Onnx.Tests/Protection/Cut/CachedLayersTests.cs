using Google.Protobuf;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Fixtures;
using Stip.Onnx.Tests.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>First layers of decoders of other exporters go to the client with their caches.</summary>
public sealed class CachedLayersTests : IDisposable
{
    private static readonly string? Root = FetchedFixtures.Folder;

    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(1, false, VerificationMode.Full)]
    [InlineData(2, true, VerificationMode.Full)]
    [InlineData(1, true, VerificationMode.Blocks)]
    public void Protect_WithClientLayers_GivesEachSideItsCaches(int layers, bool isFused, VerificationMode mode)
    {
        CachedLayers.Build(_graph, isFused);

        var report = Protect(_graph.FilePath, layers, mode);

        Assert.True(report!.Passed, report.Worst);
        Assert.True(PackageVerifier.Verify(_graph.FilePath, _folder.At("package"), samples: 5).Passed);
        Assert.Equal(LayersFrom(0, layers), CachesOf("client", "embedding.onnx"));
        Assert.Equal(LayersFrom(layers, CachedLayers.Layers), CachesOf("cloud", "model.onnx"));
        using var package = ProtectedModel.Open(_folder.At("package"));
        var cache = package.Package.Graphs["decoder"].Cache!;
        Assert.Equal(
            (CachedLayers.Layers - layers, $"past_key_values.{layers}.key"), (cache.Layers, cache.Tensors![0].Past));
    }

    [Fact]
    public void Protect_OfLayersThatAreNotOfOneForm_CountsThemByTheirCaches()
    {
        CachedLayers.Build(_graph, isFused: false, firstWidth: 24);

        var report = Protect(_graph.FilePath, 1, VerificationMode.Full);

        Assert.True(report!.Passed, report.Worst);
        Assert.Equal(LayersFrom(0, 1), CachesOf("client", "embedding.onnx"));
    }

    [Fact]
    public void Run_AfterAPrompt_GivesWhatThePlainGraphGives()
    {
        CachedLayers.Build(_graph, isFused: false);
        Protect(_graph.FilePath, 1, VerificationMode.None);
        var inputs = Enumerable.Range(0, CachedLayers.Layers * 2).ToDictionary(
            i => $"past_key_values.{i / 2}.{(i % 2 == 0 ? "key" : "value")}",
            i => HostTensor.FromFloats([.. Enumerable.Range(0, 3 * 2 * 4).Select(j => MathF.Sin(i + j))], 1, 3, 2, 4));
        inputs["input_ids"] = HostTensor.FromIntegers([10L, 0L, 3L], 1, 3);

        var plain = WholeModel.Run(_graph.FilePath, inputs).ToDictionary(output => output.Name);
        var moved = WholeModel.Run(_folder.At("package"), inputs);

        Assert.Equal(plain.Keys.Order(), moved.Select(output => output.Name).Order());

        // float32 sums of up to 16 terms in another order, of values up to about 5.
        Assert.All(moved, output => Assert.All(
            output.Tensor.ToFloats().Zip(plain[output.Name].Tensor.ToFloats()),
            pair => Assert.Equal(pair.First, pair.Second, 2e-5f)));
    }

    [Fact]
    public void Verify_OfAClientThatMixesItsCachesUp_Fails()
    {
        CachedLayers.Build(_graph, isFused: false);
        Protect(_graph.FilePath, 1, VerificationMode.None);
        var path = _folder.At("package", "client", "embedding.onnx");
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        foreach (var node in model.Graph.Node.Where(node => node.OpType == "Concat"))
        {
            node.Input[0] = node.Input[0] switch
            {
                "past_key_values.0.key" => "past_key_values.0.value",
                "past_key_values.0.value" => "past_key_values.0.key",
                var other => other,
            };
        }

        File.WriteAllBytes(path, model.ToByteArray());

        Assert.False(PackageVerifier.Verify(_graph.FilePath, _folder.At("package"), samples: 5).Passed);
    }

    [Theory]
    [InlineData("optimum/llama_gqa")]
    [InlineData("optimum/gpt2")]
    [InlineData("genai/llama_fp32")]
    [InlineData("genai/llama_int4_kquant")]
    [InlineData("genai/gptoss_int4")]
    [InlineData("optimum/deepseek_v3")] // a dense layer and one of experts
    [InlineData("optimum/llama_o2")] // a shape that is a constant in one layer only
    [InlineData("torch-legacy/hand-with-past")] // nodes that make lengths between two layers
    public void Protect_OfAFixtureWithCaches_CanLeaveALayer(string name)
    {
        Assert.SkipWhen(Root is null, FetchedFixtures.Missing);

        var report = Protect(new FixtureGraph(Root!, name).FilePath, 1, VerificationMode.Full);

        Assert.True(report!.Passed, report.Worst);
        using var client = ModelFile.Load(_folder.At("package", "client", "embedding.onnx"));
        Assert.Contains(client.Graph.Input, input => input.Name.StartsWith("past", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private VerificationReport? Protect(string path, int layers, VerificationMode mode) => PackageProtector.Protect(
        path,
        _folder.At("package"),
        new ProtectionOptions("text", Verify: mode) { ClientLayers = layers },
        new SeededRandom(3)).Verification;

    private static IEnumerable<string> LayersFrom(int first, int end) =>
        Enumerable.Range(first, end - first).Select(layer => $"past_key_values.{layer}.key");

    private IEnumerable<string> CachesOf(string part, string file)
    {
        using var graph = ModelFile.Load(_folder.At("package", part, file));
        return [.. graph.Graph.Input.Select(input => input.Name)
            .Where(name => name.StartsWith("past", StringComparison.Ordinal)
                && name.EndsWith("key", StringComparison.Ordinal))];
    }
}
