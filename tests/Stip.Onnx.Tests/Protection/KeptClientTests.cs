using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>A client's part with an operator that no rule follows stays as it is, and its features move at its
/// end.</summary>
public sealed class KeptClientTests : IDisposable
{
    private const string Blocked = "com.microsoft.nchwc";
    private const int Channels = 16;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfAClientsOperatorWithoutARule_MovesFeaturesAtTheEnd()
    {
        BlockedPatches();

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("picture"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        using var client = ModelFile.Load(_folder.At("package", "client", "embedding.onnx"));
        Assert.Equal("Gather", client.Graph.Node[^1].OpType);
        Assert.Equal(Bytes(_graph.FilePath, "kernel"), Bytes(client, "kernel"));
        using var package = ProtectedModel.Open(_folder.At("package"));
        Assert.NotNull(package.Plan.Initializers["up"].Axes[0]);
        Assert.NotNull(package.Plan.Initializers["up"].Axes[1]);
    }

    [Fact]
    public void Run_OfAKeptClient_AnswersAsThePlainGraph()
    {
        BlockedPatches();
        PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("picture"), new SeededRandom(3));
        var random = new Random(1);
        float[] pixels = [.. Enumerable.Range(0, 2 * 3 * 8 * 8).Select(_ => random.NextSingle())];
        var inputs = new Dictionary<string, HostTensor>
        {
            ["pixel_values"] = HostTensor.FromFloats(pixels, 2, 3, 8, 8),
        };

        var plain = Assert.Single(WholeModel.Run(_graph.FilePath, inputs)).Tensor.ToFloats();
        var moved = Assert.Single(WholeModel.Run(_folder.At("package"), inputs)).Tensor.ToFloats();

        // float32 sums of 16 and 10 terms in another order.
        Assert.All(plain.Zip(moved), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void Verify_OfAnotherOrderAtTheEnd_Fails()
    {
        BlockedPatches();
        PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("picture"), new SeededRandom(3));
        var path = _folder.At("package", "client", "embedding.onnx");
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        var order = model.Graph.Initializer[^1];
        var bytes = order.RawData.ToByteArray();
        (bytes[0], bytes[8]) = (bytes[8], bytes[0]);
        order.RawData = Google.Protobuf.ByteString.CopyFrom(bytes);
        File.WriteAllBytes(path, Google.Protobuf.MessageExtensions.ToByteArray(model));

        var report = PackageVerifier.Verify(_graph.FilePath, _folder.At("package"), samples: 2);

        Assert.False(report.Passed);
        Assert.Contains("order", report.Worst, StringComparison.Ordinal);
    }

    // A stem in the runtime's blocked layout, as graphs have it that were saved after optimisation.
    private void BlockedPatches()
    {
        _graph.Input("pixel_values", "batch", 3, 8, 8);
        _graph.Graph.Append(
            Blocked, "Conv", "conv", ["pixel_values", _graph.Weight("kernel", Channels, 3, 2, 2)], ["blocked"],
            NodeAttribute.Ints("strides", 2, 2), NodeAttribute.Ints("kernel_shape", 2, 2));
        _graph.Graph.Append(
            Blocked, "ReorderOutput", "reorder", ["blocked"], ["patches"], NodeAttribute.Int("channels", Channels));
        _graph.Add("Reshape", "flat", "patches", _graph.Numbers(0, Channels, -1));
        _graph.With("Transpose", "rows", ["flat"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.With(
            "LayerNormalization", "normed",
            ["rows", _graph.Weight("gamma", Channels), _graph.Weight("beta", Channels)]);
        _graph.Add("MatMul", "wide", "normed", _graph.Weight("up", Channels, 10));
        _graph.Add("Relu", "active", "wide");
        _graph.Add("MatMul", "narrow", "active", _graph.Weight("down", 10, Channels));
        _graph.Add("Add", "last_hidden_state", "rows", "narrow");
        _graph.Output("last_hidden_state", "batch", 16, Channels);
        var model = _graph.Graph;
        model.Save(_graph.FilePath);
        var saved = ModelProto.Parser.ParseFrom(File.ReadAllBytes(_graph.FilePath));
        saved.OpsetImport.Add(new OperatorSetIdProto { Domain = Blocked, Version = 1 });
        File.WriteAllBytes(_graph.FilePath, Google.Protobuf.MessageExtensions.ToByteArray(saved));
    }

    private static byte[] Bytes(string path, string tensor)
    {
        using var file = ModelFile.Load(path);
        return Bytes(file, tensor);
    }

    private static byte[] Bytes(ModelFile file, string tensor) =>
        file.Tensors.Single(entry => entry.Name == tensor).Bytes().ToArray();

    public void Dispose()
    {
        _folder.Dispose();
        _graph.Dispose();
    }
}
