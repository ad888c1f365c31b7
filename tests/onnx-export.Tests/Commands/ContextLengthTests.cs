using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

/// <summary>What <c>export --context-length</c> makes of decoders, and that it is for them alone.</summary>
public sealed class ContextLengthTests : IDisposable
{
    private const string Llama = """
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 1, "num_attention_heads": 2,
        "vocab_size": 37, "max_position_embeddings": 32
        """;

    private readonly TemporaryFolder _folder = new();

    private string Output => _folder.At("out");

    [Fact]
    public void Export_ForFewerPositions_HasRotaryRowsOfThose()
    {
        Assert.Equal((0, ""), Export(KnownCheckpoints.Folder("stories-draft"), 64));

        Assert.Equal(64, ExportFolder.ReadManifest(Output).ContextLength);
        Assert.Equal(64, RotaryRows(ReadGraph()));
    }

    // The model was trained with 8 positions; one more needs the second set of rows too.
    [Theory]
    [InlineData(8, 8, false)]
    [InlineData(9, 18, true)]
    public void Export_WithLongRopeUpToItsBorder_HasOneSetOfRows(int length, int rows, bool isSwitched)
    {
        var source = WithConfig("Phi3ForCausalLM", $$"""
            {{Llama}}, "original_max_position_embeddings": 8, "rope_scaling": {"type": "longrope",
             "short_factor": [1, 1, 1, 1, 1, 1, 1, 1], "long_factor": [4, 4, 4, 4, 4, 4, 4, 4]}
            """);

        Assert.Equal((0, ""), Export(source, length));

        var graph = ReadGraph();
        Assert.Equal(rows, RotaryRows(graph));
        Assert.Equal(isSwitched, graph.Node.Any(node => node.Name == "rotary/is_long"));
    }

    // YaRN's factor counts on the length before it; linear scaling leaves it to who asks for more.
    [Theory]
    [InlineData("yarn", "4, \"original_max_position_embeddings\": 32", 128, 128)]
    [InlineData("yarn", "1.5, \"original_max_position_embeddings\": 32", 64, 64)]
    [InlineData("yarn", "2", 128, 128)]
    [InlineData("linear", "4", 64, 256)]
    public void Export_WithScaledAngles_HasAsManyPositionsAsTheyAreGoodFor(
        string kind, string factor, int own, int most)
    {
        var source = WithConfig("LlamaForCausalLM", $$"""
            {{Llama.Replace("ings\": 32", "ings\": 64", StringComparison.Ordinal)}}, "rope_scaling": {
             "rope_type": "{{kind}}", "factor": {{factor}} }
            """);

        Assert.Equal((0, ""), Export(source, null));
        Assert.Equal(own, ExportFolder.ReadManifest(Output).ContextLength);
        Assert.Equal(own, RotaryRows(ReadGraph()));

        Directory.Delete(Output, recursive: true);
        var (exitCode, warning) = Export(source, most);
        Assert.Equal(0, exitCode);
        Assert.Equal(most, RotaryRows(ReadGraph()));
        Assert.Equal(most > own, warning.Contains(
            $"warning: --context-length is {most}, more than the {own} positions", StringComparison.Ordinal));

        Directory.Delete(Output, recursive: true);
        Assert.Contains($"the model has 1..{most} positions", Export(source, most + 1).Error);
    }

    // With alpha the base of the angles is the same for every length.
    [Fact]
    public void Export_WithDynamicScalingByAlpha_GoesAsFarAsThat()
    {
        var source = WithConfig(
            "LlamaForCausalLM", $$"""{{Llama}}, "rope_scaling": {"type": "dynamic", "alpha": 4}""");

        Assert.Equal((0, ""), Export(source, null));
        Assert.Equal(32, RotaryRows(ReadGraph()));

        Directory.Delete(Output, recursive: true);
        Assert.Contains("the model has 1..128 positions", Export(source, 129).Error);
        Assert.Equal(0, Export(source, 128).ExitCode);
        Assert.Equal(128, RotaryRows(ReadGraph()));
    }

    // Command R was trained with more positions than it names first.
    [Fact]
    public void Export_OfACommandR_HasThePositionsThatItWasTrainedWith()
    {
        var source = WithConfig("CohereForCausalLM", $"""{Llama}, "model_max_length": 128""");

        Assert.Equal((0, ""), Export(source, null));
        Assert.Equal(128, ExportFolder.ReadManifest(Output).ContextLength);
        Assert.Equal(128, RotaryRows(ReadGraph()));
    }

    // Options of the runtime bend what the first Qwen does from there on.
    [Fact]
    public void Export_OfAQwenBeyondTheLengthItWasTrainedWith_IsRefused()
    {
        var source = WithConfig("QWenLMHeadModel", $"""
            {Llama.Replace("ings\": 32", "ings\": 64", StringComparison.Ordinal)}, "seq_length": 32
            """);

        Assert.Contains("the model has 1..32 positions", Export(source, 33).Error);
        Assert.Equal((0, ""), Export(source, 32));
    }

    // Beyond its positions the base of the angles grows with every token; keys in a cache would have old angles.
    [Theory]
    [InlineData("dynamic", true)]
    [InlineData("llama3", false)]
    public void Export_ForMorePositions_IsRefusedWithTheReason(string kind, bool hasReason)
    {
        var source = WithConfig(
            "LlamaForCausalLM",
            $$"""
            {{Llama}}, "rope_scaling": {"type": "{{kind}}", "factor": 2, "low_freq_factor": 1, "high_freq_factor": 4,
             "original_max_position_embeddings": 16}
            """);

        var (exitCode, error) = Export(source, 33);

        Assert.Equal(1, exitCode);
        Assert.Contains("--context-length is 33; the model has 1..32 positions", error);
        Assert.Equal(hasReason, error.Contains("'dynamic' rotary scaling", StringComparison.Ordinal));
        Assert.False(Directory.Exists(Output));
    }

    // Its own number of positions is no exception.
    [Theory]
    [InlineData("BertModel", 16)]
    [InlineData("BertModel", 32)]
    [InlineData("LlamaModel", 16)]
    [InlineData("LlamaModel", 32)]
    [InlineData("LlamaModel", 33)]
    [InlineData("T5ForConditionalGeneration", 16)]
    public void Export_OfWhatIsNoDecoderOfTheNextWord_IsRefused(string architecture, int length)
    {
        var source = WithConfig(
            architecture,
            $"""
            {Llama}, "type_vocab_size": 2, "d_model": 32, "d_ff": 40, "d_kv": 16, "num_layers": 1, "num_heads": 2
            """);

        var (exitCode, error) = Export(source, length);

        Assert.Equal(1, exitCode);
        Assert.Contains($"--context-length is {length}; it is for decoders, and this model is none", error);
        Assert.False(Directory.Exists(Output));
    }

    public void Dispose() => _folder.Dispose();

    private static long RotaryRows(GraphProto graph) =>
        graph.Initializer.Single(tensor => tensor.Name == "rotary.cos").Dims[0];

    private GraphProto ReadGraph() =>
        ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(Output, "model.onnx"))).Graph;

    private (int ExitCode, string Error) Export(string source, int? length)
    {
        string[] asked = length is null ? [] : ["--context-length", $"{length}"];
        string[] random = File.Exists(Path.Combine(source, "model.safetensors")) ? [] : ["--random-weights", "1"];
        var (exitCode, _, error) = CommandLine.Run([
            "export", "--checkpoint", source, "--output", Output, .. asked, .. random]);
        return (exitCode, error);
    }

    private string WithConfig(string architecture, string fields)
    {
        var source = Directory.CreateDirectory(_folder.At("source")).FullName;
        File.WriteAllText(
            Path.Combine(source, "config.json"), $$"""{"architectures": ["{{architecture}}"], {{fields}} }""");
        return source;
    }
}
