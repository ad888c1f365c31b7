using Google.Protobuf;
using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Tables;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Protection.Cut;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>A client's part that is look-ups and adds is tables, so that clients need no runtime.</summary>
public sealed class ClientLookupsTests : IDisposable
{
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfTokensAndPositions_WritesTables()
    {
        TextGraph.Build(_graph);

        var bundle = Protect();

        Assert.Equal([EmbeddingManifest.Token, EmbeddingManifest.Position], bundle.Embedding.Tensors);
        Assert.Null(bundle.ClientGraphs);
        Assert.Equal(TextGraph.Positions, bundle.ContextLength);
        Assert.Equal("float32", bundle.WireDtype);
        Assert.False(File.Exists(_folder.At("package", "client", "embedding.onnx")));
        using var package = ProtectedModel.Open(_folder.At("package"));
        var columns = package.Plan.Inputs[DecoderPorts.Embeds].Permutation!;
        using var plain = ModelFile.Load(_graph.FilePath);
        using var tables = SafetensorsFile.Open(_folder.At("package", "client", BundleManifest.EmbeddingFileName));
        var row = HostTensor.FromFloats(new float[columns.Length], columns.Length);
        Assert.Equal(
            Floats(plain.Tensors.Single(tensor => tensor.Name == "tokens").Bytes()[..row.Bytes.Length]),
            Enumerable.Range(0, columns.Length).Select(i => Floats(
                tables.Bytes(tables.Header.Entries[EmbeddingManifest.Token], 0, row.Bytes.Length))[columns[i]]));
    }

    [Fact]
    public void Run_OfPositionsOutOfOrder_AnswersAsThePlainGraph()
    {
        TextGraph.Build(_graph);
        Protect();
        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([10L, 0L, 3L, 3L], 2, 2),
            ["position_ids"] = HostTensor.FromIntegers([7L, 0L, 6L, 1L], 2, 2),
        };

        var plain = Assert.Single(WholeModel.Run(_graph.FilePath, inputs)).Tensor.ToFloats();
        var moved = Assert.Single(WholeModel.Run(_folder.At("package"), inputs)).Tensor.ToFloats();

        // float32 sums of 6 and 10 terms in another order.
        Assert.All(plain.Zip(moved), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void Verify_OfATableWithOneWrongNumber_Fails()
    {
        TextGraph.Build(_graph);
        Protect();
        var path = _folder.At("package", "client", BundleManifest.EmbeddingFileName);
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);

        var report = PackageVerifier.Verify(_graph.FilePath, _folder.At("package"), samples: 2);

        Assert.False(report.Passed);
        Assert.Contains(EmbeddingManifest.Position, report.Worst, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Mul", true)]
    [InlineData("LayerNormalization", true)]
    [InlineData("CumSum", false)]
    public void Protect_OfRowsThatHangOnMoreThanTheirToken_KeepsTheGraph(string operation, bool isTable)
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("tokens", 11, 6), "input_ids");
        var scaled = operation switch
        {
            "Mul" => _graph.Add("Mul", "scaled", "rows", _graph.Weight("scale")),
            "CumSum" => Positioned(),
            _ => "rows",
        };
        _graph.With(
            "LayerNormalization", "normed", [scaled, _graph.Weight("gamma", 6), _graph.Weight("beta", 6)]);
        _graph.Add("MatMul", "up", "normed", _graph.Weight("up_weight", 6, 10));
        _graph.Add("MatMul", "down", "up", _graph.Weight("down_weight", 10, 6));
        _graph.Add("Add", "last_hidden_state", scaled, "down");
        _graph.Output("last_hidden_state", "batch", "seq", 6);

        var bundle = Protect();

        Assert.Equal(isTable, bundle.Embedding.Tensors.Count > 0);
        Assert.Equal(!isTable, File.Exists(_folder.At("package", "client", "embedding.onnx")));
    }

    /// <summary>Which tokens have no row may turn out after thousands that have one.</summary>
    [Fact]
    public void TryWrite_OfAGraphThatGivesNoRowForLaterTokens_KeepsTheGraph()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("tokens", 1100, 6), "input_ids");
        _graph.Add("MatMul", "up", "rows", _graph.Weight("up_weight", 6, 10));
        _graph.Add("MatMul", "down", "up", _graph.Weight("down_weight", 10, 6));
        _graph.Output("down", "batch", "seq", 6);
        _graph.Save().Dispose();
        var read = PlainModel.Open(_graph.FilePath, 0);
        var part = read.Parts.Single(part => part.IsClient);
        using var more = new PlainModel(read.Folder, read.Manifest, read.Files, [.. read.Parts])
        {
            Sources = [read.Sources.Single() with { Limits = new Dictionary<string, long> { ["input_ids"] = 1500 } }],
        };
        using (var file = File.Create(Path.Combine(read.Folder, part.FileName)))
        {
            part.Model.WriteTo(file);
        }

        Assert.Null(ClientLookups.TryWrite(more, read.Folder));

        Assert.True(File.Exists(Path.Combine(read.Folder, part.FileName)));
        Assert.False(File.Exists(Path.Combine(read.Folder, BundleManifest.EmbeddingFileName)));
    }

    [Fact]
    public void Protect_BesideItsSettings_TellsTheClientWhereTextsEnd()
    {
        TextGraph.Build(_graph);
        var folder = Path.GetDirectoryName(_graph.FilePath)!;
        File.WriteAllText(Path.Combine(folder, "config.json"), """{"eos_token_id": 3, "bos_token_id": 1}""");
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), """{"eos_token_id": [3, 5]}""");

        var bundle = Protect();

        Assert.Equal([3, 5], bundle.EosTokenIds);
        Assert.Equal(1, bundle.BosTokenId);
        Assert.Equal(
            new SourceSettings(1, [2], 128).ContextLength,
            SourceSettings.Read(Settings("""{"model": {"context_length": 128}}""")).ContextLength);
    }

    // A model is of use without it, as without a tokenizer.
    [Fact]
    public void Protect_WithATokenizersFolderThatIsDamaged_KeepsWhatTheModelsOwnSays()
    {
        TextGraph.Build(_graph);
        File.WriteAllText(
            Path.Combine(Path.GetDirectoryName(_graph.FilePath)!, "config.json"), """{"eos_token_id": 3}""");
        var tokenizer = Directory.CreateDirectory(_folder.At("tokenizer")).FullName;
        File.WriteAllText(Path.Combine(tokenizer, "generation_config.json"), """{"eos_token_id": 4""");

        Assert.Equal([3], Protect(tokenizer).EosTokenIds);
    }

    [Fact]
    public void Protect_WithATokenizersFolderThatHasATemplateForTools_BundlesIt()
    {
        TextGraph.Build(_graph);
        var tokenizer = Directory.CreateDirectory(_folder.At("tokenizer")).FullName;
        var templates = Directory.CreateDirectory(Path.Combine(tokenizer, "additional_chat_templates")).FullName;
        File.WriteAllText(Path.Combine(templates, "tool_use.jinja"), "tools");

        Protect(tokenizer);

        Assert.Equal("tools", File.ReadAllText(
            _folder.At("package", "client", "additional_chat_templates", "tool_use.jinja")));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _graph.Dispose();
    }

    // Positions counted from the mask, as OPT does: no table follows them where tokens are masked.
    private string Positioned()
    {
        _graph.Graph.AddInput("attention_mask", TensorDtype.Int64, "batch", "seq");
        _graph.Graph.AddConstant("axis", 1);
        _graph.Graph.AddConstant("minus", -1);
        _graph.Add("CumSum", "counted", "attention_mask", "axis");
        _graph.Add("Add", "places", "counted", "minus");
        _graph.Add("Gather", "position_rows", _graph.Weight("positions", 40, 6), "places");
        return _graph.Add("Add", "hidden", "rows", "position_rows");
    }

    private string Settings(string genai)
    {
        Directory.CreateDirectory(_folder.At("settings"));
        File.WriteAllText(_folder.At("settings", "genai_config.json"), genai);
        return _folder.At("settings");
    }

    private BundleManifest Protect(string? tokenizer = null)
    {
        _graph.Save().Dispose();
        PackageProtector.Protect(
            _graph.FilePath,
            _folder.At("package"),
            new ProtectionOptions("text") { Tokenizer = tokenizer },
            new SeededRandom(3));
        return PackageFolder.ReadClient(_folder.At("package"));
    }

    private static float[] Floats(ReadOnlySpan<byte> bytes) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes).ToArray();
}
