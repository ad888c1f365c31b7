using System.Text.Json;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

public sealed class ForeignPackageTests : IDisposable
{
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfAGraphWithIds_GivesAPackageThatAnswersAsThePlainOne()
    {
        TextGraph.Build(_graph);
        _graph.Save().Dispose();

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        Assert.Contains(made.Warnings, warning => warning.StartsWith("tied embeddings", StringComparison.Ordinal));
        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([10L, 0L, 3L, 3L], 2, 2),
            ["position_ids"] = HostTensor.FromIntegers([0L, 1L, 6L, 7L], 2, 2),
        };
        var (name, plain) = Assert.Single(WholeModel.Run(_graph.FilePath, inputs));
        var (movedName, moved) = Assert.Single(WholeModel.Run(_folder.At("package"), inputs));
        Assert.Equal(name, movedName);
        Assert.Equal([2L, 2L, TextGraph.Vocabulary], moved.Shape);
        // float32 sums of 6 and 10 terms in another order.
        Assert.All(plain.ToFloats().Zip(moved.ToFloats()), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    // Once the first of them is verified, the plain model is asked nothing more: its file may go.
    [Fact]
    public void Protect_OfSeveralInstances_LoadsThePlainGraphOnce()
    {
        TextGraph.Build(_graph);
        _graph.Save().Dispose();
        string[] folders = ["one", "two", "three"];

        var made = PackageProtector.Protect(
            _graph.FilePath,
            [.. folders.Select(name => _folder.At(name))],
            new ProtectionOptions("text"),
            verified: share => DeleteOnce(share * folders.Length >= 0.99));

        Assert.False(File.Exists(_graph.FilePath));
        Assert.All(made, package => Assert.True(package.Verification!.Passed));
        Assert.True(made[2].Verification!.MaxAbsDiff > 0);
        Assert.Equal(made[0].Verification!.Samples, made[2].Verification!.Samples);

        void DeleteOnce(bool isVerified)
        {
            if (isVerified)
            {
                File.Delete(_graph.FilePath);
            }
        }
    }

    [Fact]
    public void Protect_OfAGraphThatGivesOneNumberAText_IsNotRefused()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("tokens", 11, 6), "input_ids");
        _graph.Add("Tanh", "turned", _graph.Add("MatMul", "inner", "rows", _graph.Weight("up", 6, 10)));
        _graph.Add("Gather", "first", "turned", _graph.Integer(0));
        _graph.Graph.Graph.Node[^1].Attribute.Add(NodeAttribute.Int("axis", 1));
        _graph.Add("MatMul", "logits", "first", _graph.Weight("down", 10, 1));
        _graph.Output("logits", "batch", 1);
        _graph.Save().Dispose();

        var made = PackageProtector.Protect(_graph.FilePath, _folder.At("package"), new ProtectionOptions("rank"));

        Assert.True(made.Verification!.Passed);
        Assert.Contains(made.Warnings, warning => warning.Contains("output 'logits'", StringComparison.Ordinal));
    }

    [Fact]
    public void Protect_OfAGraphThatDoesNotNameItsAxes_TellsThemApart()
    {
        TextGraph.Build(_graph);
        _graph.Input("past", "batch", 2, "past", 3);
        _graph.With(
            "Concat", "present", ["past", _graph.With(
                "Transpose", "turned", [_graph.Add("Reshape", "parts", "normed", _graph.Numbers(0, 0, 2, 3))],
                NodeAttribute.Ints("perm", 0, 2, 1, 3))],
            NodeAttribute.Int("axis", 2));
        _graph.Output("present", "batch", 2, "total", 3);
        foreach (var axis in _graph.Graph.Graph.Input.SelectMany(input => input.Type.TensorType.Shape.Dim)
            .Where(axis => axis.DimParam.Length > 0))
        {
            axis.ClearValue();
        }

        _graph.Graph.Graph.Output[^1].Type.TensorType.Shape = null;
        _graph.Save().Dispose();

        var made = PackageProtector.Protect(_graph.FilePath, _folder.At("package"), new ProtectionOptions("text"));

        Assert.True(made.Verification!.Passed);
    }

    [Fact]
    public void ContextLength_OfAGraphWithRotaryTables_IsNoMoreThanTheirRows()
    {
        TextGraph.Build(_graph, rotary: 5);
        _graph.Save().Dispose();

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        var manifest = JsonSerializer.Deserialize<PackageManifest>(
            File.ReadAllText(_folder.At("package/cloud/stip.json")), StipJson.File)!;
        Assert.Equal(5, manifest.ContextLength);
    }

    [Fact]
    public void ContextLength_OfAGraphThatTakesOneLength_IsThatLength()
    {
        TextGraph.Build(_graph);
        foreach (var port in _graph.Graph.Graph.Input.Concat(_graph.Graph.Graph.Output))
        {
            port.Type.TensorType.Shape.Dim[1] = new TensorShapeProto.Types.Dimension { DimValue = 7 };
        }

        _graph.Save().Dispose();

        PackageProtector.Protect(_graph.FilePath, _folder.At("package"), new ProtectionOptions("text"));

        var manifest = JsonSerializer.Deserialize<PackageManifest>(
            File.ReadAllText(_folder.At("package/cloud/stip.json")), StipJson.File)!;
        Assert.Equal(7, manifest.ContextLength);
    }

    [Fact]
    public void Protect_OfAGraphWithIds_CanBeVerifiedByBlocks()
    {
        TextGraph.Build(_graph);
        _graph.Save().Dispose();

        var made = PackageProtector.Protect(
            _graph.FilePath,
            _folder.At("package"),
            new ProtectionOptions("text", Verify: VerificationMode.Blocks),
            new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        Assert.Equal(VerificationMode.Blocks, made.Verification.Mode);

        // The table of positions has 8 rows: five of the shapes that are tried fit it.
        Assert.Equal(5, made.Verification.Samples);
    }

    [Fact]
    public void Protect_OfAGraphThatNoSampleFits_CannotBeVerifiedByBlocks()
    {
        // The shortest sample has three tokens.
        TextGraph.Build(_graph, positions: 2);
        _graph.Save().Dispose();

        var refusal = Assert.Throws<RefusedException>(() => PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions(Verify: VerificationMode.Blocks)));

        Assert.Contains("no sample input fits", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Protect_OfAGraphWithoutANarrowPlace_CannotBeVerifiedByBlocks()
    {
        _graph.Input("inputs_embeds", "batch", "seq", 6);
        _graph.Add("MatMul", "logits", "inputs_embeds", _graph.Weight("w", 6, 5));
        _graph.Output("logits", "batch", "seq", 5);
        _graph.Save().Dispose();

        var refusal = Assert.Throws<RefusedException>(() => PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions(Verify: VerificationMode.Blocks)));

        Assert.Contains("cannot be run block by block", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Protect_OfATiedTable_MovesTheServersRowsAndNotTheClients()
    {
        TextGraph.Build(_graph);
        _graph.Save().Dispose();
        PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(4));

        using var package = ProtectedModel.Open(_folder.At("package"));
        using var cloud = ModelFile.Load(package.GraphPath);

        var server = package.Plan.Initializers["tokens"];
        var client = package.PlanOf("client.encoder").Initializers["tokens"];
        Assert.NotNull(server.Axes[0]);
        Assert.Null(client.Axes[0]);
        Assert.Equal(server.Axes[1], client.Axes[1]);
        Assert.Equal(["inputs_embeds", "position_ids"], cloud.Graph.Input.Select(input => input.Name));
    }

    [Fact]
    public void Protect_OfOneNumberAToken_TakesItForNoFeatures()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("tokens", 11, 6), "input_ids");
        _graph.Add("MatMul", "up", "rows", _graph.Weight("up_weight", 6, 10));
        _graph.Add("Relu", "active", "up");
        _graph.Add("MatMul", "down", "active", _graph.Weight("down_weight", 10, 6));
        _graph.Add("MatMul", "one", "down", _graph.Weight("head", 6, 1));
        _graph.Add("Squeeze", "logits", "one", _graph.Numbers(2));
        _graph.Output("logits", "batch", "s7");
        _graph.Save().Dispose();

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
    }

    [Fact]
    public void Protect_OfAProtectedGraph_IsRefused()
    {
        TextGraph.Build(_graph);
        _graph.Save().Dispose();
        PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(5));

        var refusal = Assert.Throws<RefusedException>(() => PackageProtector.Protect(
            _folder.At("package", "cloud", "model.onnx"), _folder.At("again"), new ProtectionOptions()));

        Assert.Contains("protected package already", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Protect_OfTokensThatTheGraphCountsOn_NamesWhatHoldsTheVocabulary()
    {
        TextGraph.Build(_graph);
        _graph.With("ArgMax", "best", ["logits"], NodeAttribute.Int("axis", -1), NodeAttribute.Int("keepdims", 0));
        _graph.Add("Add", "chosen", "best", _graph.Integer(1));
        _graph.Graph.AddOutput("chosen", TensorDtype.Int64, "batch", "seq");
        _graph.Save().Dispose();

        var refusal = Assert.Throws<RefusedException>(() => PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions()));

        Assert.Contains("its place is used as a number", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _graph.Dispose();
    }
}
