using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>First layers of graphs of other exporters that stay with the client.</summary>
public sealed class ForeignLayersTests : IDisposable
{
    private const int Layers = 3;
    private const int Width = 8;
    private const int Vocabulary = 11;

    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(1, true, VerificationMode.Full)]
    [InlineData(2, true, VerificationMode.Blocks)]
    [InlineData(2, false, VerificationMode.Full)]
    public void Protect_WithClientLayers_LeavesTheServerTheOthersOnly(
        int layers, bool isNormedFirst, VerificationMode mode)
    {
        Build(isNormedFirst);
        var options = new ProtectionOptions("text", Verify: mode) { ClientLayers = layers };

        var made = PackageProtector.Protect(_graph.FilePath, _folder.At("package"), options, new SeededRandom(3));

        Assert.True(made.Verification!.Passed, made.Verification.Worst);
        Assert.DoesNotContain(made.Warnings, warning => warning.Contains("client layers", StringComparison.Ordinal));
        Assert.True(PackageVerifier.Verify(_graph.FilePath, _folder.At("package"), samples: 2).Passed);
        Assert.Equal(Enumerable.Range(layers, Layers - layers), LayersOf("cloud", "model.onnx"));
        Assert.Equal(Enumerable.Range(0, layers), LayersOf("client", "embedding.onnx"));
        Assert.False(File.Exists(_folder.At("package", "client", "embedding.safetensors")));
        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([10L, 0L, 3L, 3L], 2, 2),
        };
        var (_, plain) = Assert.Single(WholeModel.Run(_graph.FilePath, inputs));
        var (_, moved) = Assert.Single(WholeModel.Run(_folder.At("package"), inputs));
        // float32 sums of 8 and 12 terms in another order, of values up to about 3.
        Assert.All(plain.ToFloats().Zip(moved.ToFloats()), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(-1)]
    public void Protect_WithMoreClientLayersThanCanBe_IsRefused(int layers)
    {
        Build(isNormedFirst: true);

        var refusal = Assert.Throws<RefusedException>(() => PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text") { ClientLayers = layers }));

        Assert.Contains($"{layers} client layers", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"{Layers} layers of one form", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Protect_OfAGraphWithoutLayers_IsRefused()
    {
        TextGraph.Build(_graph);
        _graph.Save().Dispose();

        Assert.Throws<RefusedException>(() => PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text") { ClientLayers = 1 }));
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private int[] LayersOf(string part, string file)
    {
        using var graph = ModelFile.Load(_folder.At("package", part, file));
        return [.. Enumerable.Range(0, Layers).Where(layer =>
            graph.Tensors.Any(tensor => tensor.Name == $"up{layer}"))];
    }

    // Norm, two matrices and the sum, in either order.
    private void Build(bool isNormedFirst)
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        var stream = _graph.Add("Gather", "rows", _graph.Weight("tokens", Vocabulary, Width), "input_ids");
        for (var layer = 0; layer < Layers; layer++)
        {
            var taken = isNormedFirst ? Norm(layer, stream) : stream;
            _graph.Add("MatMul", $"inner{layer}", taken, _graph.Weight($"up{layer}", Width, 12));
            _graph.Add("Tanh", $"turned{layer}", $"inner{layer}");
            _graph.Add("MatMul", $"outer{layer}", $"turned{layer}", _graph.Weight($"down{layer}", 12, Width));
            stream = _graph.Add("Add", $"sum{layer}", stream, $"outer{layer}");
            stream = isNormedFirst ? stream : Norm(layer, stream);
        }

        _graph.Add("MatMul", "logits", stream, _graph.Weight("head", Width, Vocabulary));
        _graph.Output("logits", "batch", "seq", Vocabulary);
        _graph.Save().Dispose();
    }

    private string Norm(int layer, string stream) => _graph.Add(
        "LayerNormalization", $"norm{layer}", stream, _graph.Weight($"factor{layer}", Width),
        _graph.Weight($"summand{layer}", Width));
}
