using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Encoder and decoder in files of their own are protected together: what one gives the other
/// takes.</summary>
public sealed class EncoderDecoderTests : IDisposable
{
    private const int Vocabulary = 13;
    private const int Hidden = 6;
    private const int Tokens = 8;

    private static readonly string? Root = FetchedFixtures.Folder;
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfAnEncoderAndTwoDecoders_GeneratesTheSameTokens()
    {
        Directory.CreateDirectory(_folder.At("plain"));
        SaveEncoder();
        SaveDecoder("decoder_model.onnx", isFirst: true);
        SaveDecoder("decoder_with_past_model.onnx", isFirst: false);

        var made = PackageProtector.Protect(
            _folder.At("plain"), _folder.At("package"), new ProtectionOptions("pair"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);

        // The encoder's tokens are not the decoder's head, which its weights and those of the client tell.
        Assert.DoesNotContain(made.Warnings, warning => warning.StartsWith("tied", StringComparison.Ordinal));
        Assert.Equal(ModelKinds.EncoderDecoder, PackageFolder.ReadClient(_folder.At("package")).Kind);
        Assert.Single(Directory.GetFiles(_folder.At("package", "owner"), "owner.json"));
        AssertSameText(new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([1L, 5L, 2L, 11L], 1, 4),
        });
    }

    [Theory]
    [InlineData("encoded")]
    [InlineData("last_hidden_state")]
    public void Open_OfADecoderWithOtherNames_FindsWhatTheEncoderGives(string name)
    {
        Directory.CreateDirectory(_folder.At("plain"));
        SaveEncoder();
        SaveDecoder("decoder_model.onnx", isFirst: true, name);

        using var plain = PlainModel.Open(_folder.At("plain"));

        Assert.Equal([new PortJoin("encoder.last_hidden_state", $"decoder.{name}")], plain.Joins);
        // The manifest names it, so that servers need not know the name.
        Assert.Equal(name, plain.Manifest.Graphs["decoder"].NameOf(GraphManifest.EncoderStates));
        Assert.Empty(UnservedPorts.Of(plain.Manifest));
    }

    [Fact]
    public void Open_OfADecoderThatTakesNothingOfTheEncoder_IsRefused()
    {
        Directory.CreateDirectory(_folder.At("plain"));
        SaveEncoder();
        SaveDecoder("decoder_model.onnx", isFirst: false);

        var refusal = Assert.Throws<RefusedException>(() => PlainModel.Open(_folder.At("plain")));

        Assert.Contains(
            "takes nothing that 'encoder_model.onnx' gives ('last_hidden_state')",
            refusal.Message,
            StringComparison.Ordinal);
    }

    // As older exporters left it, or somebody deleted what seemed to be there twice.
    [Fact]
    public void Open_OfNextStepsAlone_SaysWhatTheFirstStepNeeds()
    {
        Directory.CreateDirectory(_folder.At("plain"));
        SaveEncoder();
        SaveDecoder("decoder_with_past_model.onnx", isFirst: false);

        var refusal = Assert.Throws<RefusedException>(() => PlainModel.Open(_folder.At("plain")));

        Assert.Equal(
            $"'{_folder.At("plain")}' has decoder_with_past_model.onnx alone; the first step needs decoder_model.onnx "
            + "or decoder_model_merged.onnx", refusal.Message);
    }

    [Fact]
    public void Run_OfAnEncoderThatCallsItSomethingElse_GivesTheLogits()
    {
        Directory.CreateDirectory(_folder.At("plain"));
        SaveEncoder("encoded");
        SaveDecoder("decoder_model.onnx", isFirst: true);

        // What the decoder takes is told by its shape.
        var ids = HostTensor.FromIntegers([1L, 5L], 1, 2);
        var given = WholeModel.Run(
            _folder.At("plain"),
            new Dictionary<string, HostTensor> { ["input_ids"] = ids, ["decoder_input_ids"] = ids });
        Assert.Contains(given, output => output.Name == "logits");
    }

    // Its names are the usual ones, and it takes no mask: nothing is to be told by cutting it.
    [Fact]
    public void Run_OfAFolderThatCannotBeCut_GivesTheLogits()
    {
        Directory.CreateDirectory(_folder.At("plain"));
        SaveEncoder();
        SaveDecoder("decoder_model.onnx", isFirst: true);
        File.WriteAllText(_folder.At("plain", "decoder_with_past_model.onnx"), "no graph");
        var ids = HostTensor.FromIntegers([1L, 5L], 1, 2);

        var given = WholeModel.Run(
            _folder.At("plain"),
            new Dictionary<string, HostTensor> { ["input_ids"] = ids, ["decoder_input_ids"] = ids });

        Assert.Throws<RefusedException>(() => PlainModel.Open(_folder.At("plain")));
        Assert.Contains(given, output => output.Name == "logits");
    }

    [Fact]
    public void Run_OfAFolderWhoseNamesCannotBeTold_SaysWhy()
    {
        Directory.CreateDirectory(_folder.At("plain"));
        SaveEncoder("encoded");
        SaveDecoder("decoder_model.onnx", isFirst: true);
        File.WriteAllText(_folder.At("plain", "decoder_with_past_model.onnx"), "no graph");

        AssertRunIsRefused("the decoder's first step needs last_hidden_state (no other name was told, as ");
    }

    [Fact]
    public void Run_WithoutAFirstStep_IsRefused()
    {
        Directory.CreateDirectory(_folder.At("plain"));
        SaveEncoder();
        SaveDecoder("decoder_with_past_model.onnx", isFirst: false);

        AssertRunIsRefused("has no decoder_model.onnx or decoder_model_merged.onnx");
    }

    [Theory]
    [InlineData("t5_encoder", "t5_decoder_merged")]
    [InlineData("t5_encoder", "t5_decoder", "t5_decoder_with_past")]
    [InlineData("bart_encoder", "bart_decoder_merged")]
    [InlineData("whisper_encoder", "whisper_decoder_merged")]
    public void Protect_OfAFolderOfOptimum_GeneratesTheSameTokens(params string[] graphs)
    {
        Assert.SkipWhen(Root is null, FetchedFixtures.Missing);
        Directory.CreateDirectory(_folder.At("plain"));
        string[] names = graphs.Length == 3 ? ["encoder_model", "decoder_model", "decoder_with_past_model"]
            : ["encoder_model", "decoder_model_merged"];
        foreach (var (graph, name) in graphs.Zip(names))
        {
            File.Copy(
                Path.Combine(Root!, "graphs", "optimum", graph, "model.onnx"), _folder.At("plain", $"{name}.onnx"));
        }

        PackageProtector.Protect(
            _folder.At("plain"), _folder.At("package"), new ProtectionOptions("pair"), new SeededRandom(3));

        var random = new Random(7);
        AssertSameText(graphs[0].StartsWith("whisper", StringComparison.Ordinal)
            ? new()
            {
                ["input_features"] = HostTensor.FromFloats(
                    [.. Enumerable.Range(0, 16 * 32).Select(_ => random.NextSingle() - 0.5f)], 1, 16, 32),
            }
            : new()
            {
                ["input_ids"] = HostTensor.FromIntegers([3L, 14L, 15L, 9L, 26L, 5L], 1, 6),
                ["attention_mask"] = HostTensor.FromIntegers([1L, 1L, 1L, 1L, 1L, 1L], 1, 6),
            });
    }

    public void Dispose() => _folder.Dispose();

    private void AssertSameText(Dictionary<string, HostTensor> given)
    {
        var plain = new SequenceToSequence(_folder.At("plain"), isPackage: false).Generate(given, Tokens);
        var moved = new SequenceToSequence(_folder.At("package"), isPackage: true).Generate(given, Tokens);

        Assert.Equal(plain.Ids, moved.Ids);

        // float32 sums in another order; a cache or a word in the wrong order is off by the scale of the logits.
        Assert.All(plain.Logits.Zip(moved.Logits), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
    }

    private void AssertRunIsRefused(string expected)
    {
        var ids = HostTensor.FromIntegers([1L, 5L], 1, 2);

        var refusal = Assert.Throws<RefusedException>(() => WholeModel.Run(
            _folder.At("plain"),
            new Dictionary<string, HostTensor> { ["input_ids"] = ids, ["decoder_input_ids"] = ids }));

        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    private void SaveEncoder(string output = "last_hidden_state")
    {
        using var graph = new SmallGraph();
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "encoder_seq");
        graph.Add("Gather", "rows", graph.Weight("tokens", Vocabulary, Hidden), "input_ids");
        string[] norm = ["rows", graph.Weight("gamma", Hidden), graph.Weight("beta", Hidden)];
        graph.With("LayerNormalization", "normed", norm);
        graph.Add("Add", output, "rows", Dense(graph, "normed", "mixed"));
        graph.Output(output, "batch", "encoder_seq", Hidden);
        graph.Graph.Save(_folder.At("plain", "encoder_model.onnx"));
    }

    // One head that attends to the encoder's states, whose keys and values the first step keeps.
    private void SaveDecoder(string file, bool isFirst, string states = "encoder_hidden_states")
    {
        using var graph = new SmallGraph();
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        graph.Add("Gather", "rows", graph.Weight("tokens", Vocabulary, Hidden), "input_ids");
        graph.Add("MatMul", "query", "rows", graph.Weight("query_weight", Hidden, Hidden));
        var (keyWeight, valueWeight) = (graph.Weight("key_weight", Hidden, Hidden),
            graph.Weight("value_weight", Hidden, Hidden));
        var (key, value) = ("past_key_values.0.encoder.key", "past_key_values.0.encoder.value");
        if (isFirst)
        {
            graph.Input(states, "batch", "encoder_seq", Hidden);
            (key, value) = ("present.0.encoder.key", "present.0.encoder.value");
            graph.Add("MatMul", key, states, keyWeight);
            graph.Add("MatMul", value, states, valueWeight);
            graph.Output(key, "batch", "encoder_seq", Hidden);
            graph.Output(value, "batch", "encoder_seq", Hidden);
        }
        else
        {
            graph.Input(key, "batch", "encoder_seq", Hidden);
            graph.Input(value, "batch", "encoder_seq", Hidden);
        }

        graph.With("Transpose", "turned", [key], NodeAttribute.Ints("perm", 0, 2, 1));
        graph.Add("MatMul", "scores", "query", "turned");
        graph.With("Softmax", "shares", ["scores"], NodeAttribute.Int("axis", -1));
        graph.Add("MatMul", "seen", "shares", value);
        graph.Add("Add", "stream", "rows", Dense(graph, "seen", "told"));
        graph.Add("MatMul", "logits", "stream", graph.Weight("head", Hidden, Vocabulary));
        graph.Output("logits", "batch", "seq", Vocabulary);
        graph.Graph.Save(_folder.At("plain", file));
    }

    private static string Dense(SmallGraph graph, string rows, string name)
    {
        graph.Add("MatMul", $"{name}_up", rows, graph.Weight($"{name}_in", Hidden, 10));
        graph.Add("Relu", $"{name}_active", $"{name}_up");
        return graph.Add("MatMul", name, $"{name}_active", graph.Weight($"{name}_out", 10, Hidden));
    }
}
