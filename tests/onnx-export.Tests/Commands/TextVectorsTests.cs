using System.Text.Json.Nodes;
using Stip.Keys.Bundles;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

/// <summary>How the rows of a graph that another exporter wrote become the vector of a text is said by what lies beside
/// it, by <c>--tokenizer</c> or by <c>--pooling</c>; where nothing says it, the developer is told.</summary>
public sealed class TextVectorsTests : IDisposable
{
    private const string Warning = "nothing beside the graph says how its rows become the vector of a text";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfAGraphAlone_WarnsThatTheMeanIsTaken()
    {
        var (exitCode, _, error) = Protect(Graph("alone"));

        Assert.Equal(0, exitCode);
        Assert.Contains(Warning, error, StringComparison.Ordinal);
        Assert.Null(Bundle()["pooling"]);
    }

    [Theory]
    [InlineData(false)] // named
    [InlineData(true)] // found above a folder onnx
    public void Protect_BesideSentenceModules_FollowsThem(bool isHub)
    {
        var folder = SentenceFolder(isHub ? "mini" : "said");
        var (exitCode, output, error) = isHub
            ? Protect(Graph(Path.Combine("mini", "onnx")))
            : Protect(Graph("graph"), "--tokenizer", folder);

        Assert.Equal(0, exitCode);
        Assert.DoesNotContain(Warning, error, StringComparison.Ordinal);
        Assert.Contains($"protected {(isHub ? "mini" : "graph")} in", output, StringComparison.Ordinal);
        var bundle = Bundle();
        Assert.Equal("cls", (string?)bundle["pooling"]);
        Assert.True((bool?)bundle["normalize"]);
        Assert.Equal(6, (int?)bundle["context_length"]);
        Assert.Equal("q: ", (string?)bundle["prompt"]);
        Assert.True(File.Exists(_folder.At("out", "client", "tokenizer.json")));
    }

    [Fact]
    public void Protect_WithAPooling_TakesItBeforeWhatIsSaid()
    {
        var folder = SentenceFolder("said");

        var (exitCode, _, _) = Protect(Graph("graph"), "--tokenizer", folder, "--pooling", "max");

        Assert.Equal(0, exitCode);
        Assert.Equal("max", (string?)Bundle()["pooling"]);
        Assert.True((bool?)Bundle()["normalize"]);
    }

    [Fact]
    public void Protect_BesideModulesThatAreNotFollowed_SaysWhy()
    {
        var folder = SentenceFolder("said");
        File.WriteAllText(Path.Combine(folder, "modules.json"), """
            [{"type": "sentence_transformers.models.Transformer", "path": ""},
             {"type": "sentence_transformers.models.CNN", "path": "1_CNN"}]
            """);

        var (exitCode, _, error) = Protect(Graph("graph"), "--tokenizer", folder);

        Assert.Equal(0, exitCode);
        Assert.Contains("lists Transformer, CNN", error, StringComparison.Ordinal);
        Assert.Contains("embed takes their mean", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Protect_BesideModulesWithoutTheirFiles_SaysWhy()
    {
        var folder = SentenceFolder("short");
        Directory.Delete(Path.Combine(folder, "1_Pooling"), recursive: true);

        var (exitCode, _, error) = Protect(Graph("graph"), "--tokenizer", folder);

        Assert.Equal(0, exitCode);
        Assert.Contains("embed takes their mean", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Protect_WithAPoolingBesideDenseLayers_SaysThatTheyAreLeftOut()
    {
        var folder = SentenceFolder("dense");
        File.WriteAllText(Path.Combine(folder, "modules.json"), """
            [{"type": "sentence_transformers.models.Transformer", "path": ""},
             {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"},
             {"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]
            """);
        Directory.CreateDirectory(Path.Combine(folder, "2_Dense"));
        File.WriteAllText(Path.Combine(folder, "2_Dense", "config.json"), """
            {"in_features": 12, "out_features": 6, "bias": true,
             "activation_function": "torch.nn.modules.activation.Tanh"}
            """);

        var (exitCode, _, error) = Protect(Graph("graph"), "--tokenizer", folder, "--pooling", "mean");

        Assert.Equal(0, exitCode);
        Assert.Contains("has Dense layers after the pooling", error, StringComparison.Ordinal);
        Assert.Contains("embed gives what is before them", error, StringComparison.Ordinal);
        Assert.Equal("mean", (string?)Bundle()["pooling"]);
    }

    [Fact]
    public void Protect_OfAFolderOnnxWithItsOwnTokenizer_FollowsTheModulesAbove()
    {
        var folder = SentenceFolder("mini");
        var graph = Graph(Path.Combine("mini", "onnx"));
        File.Copy(Path.Combine(folder, "tokenizer.json"), Path.Combine(folder, "onnx", "tokenizer.json"));

        var (exitCode, _, error) = Protect(graph);

        Assert.Equal(0, exitCode);
        Assert.DoesNotContain(Warning, error, StringComparison.Ordinal);
        Assert.Equal("cls", (string?)Bundle()["pooling"]);
    }

    [Fact]
    public void Protect_WithAPoolingOfWhatHasNoRows_IsRefused()
    {
        var (exitCode, _, error) = Protect(Graph("graph", "logits", 3), "--pooling", "cls");

        Assert.Equal(1, exitCode);
        Assert.Contains("--pooling and --normalize are for graphs", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Protect_WithLabelsInTheTokenizersFolder_NamesThem()
    {
        var folder = Directory.CreateDirectory(_folder.At("labels")).FullName;
        File.WriteAllText(
            Path.Combine(folder, "config.json"), """{"id2label": {"0": "sky", "1": "sea", "2": "land"}}""");

        var (exitCode, _, _) = Protect(Graph("graph", "logits", 3), "--tokenizer", folder);

        Assert.Equal(0, exitCode);
        Assert.Equal(["sky", "sea", "land"], Bundle()["labels"]!.AsArray().Select(label => (string)label!));
    }

    [Fact]
    public void Protect_OfAFolderWhoseGraphsLieBelow_NamesThem()
    {
        Graph(Path.Combine("mini", "onnx"));

        var (exitCode, _, error) = Protect(_folder.At("mini"));

        Assert.Equal(1, exitCode);
        Assert.Contains("0 graphs", error, StringComparison.Ordinal);
        Assert.Contains("(onnx/model.onnx)", error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private (int ExitCode, string Output, string Error) Protect(string model, params string[] options) =>
        CommandLine.Run(["protect", "--model", model, "--output", _folder.At("out"), .. options]);

    private JsonNode Bundle() =>
        JsonNode.Parse(File.ReadAllBytes(_folder.At("out", "client", BundleManifest.FileName)))!;

    private string SentenceFolder(string name)
    {
        var folder = Directory.CreateDirectory(_folder.At(name)).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "1_Pooling"));
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), """
            {"model": {"type": "WordPiece", "vocab": {"a": 0, "b": 1, "?": 2}, "unk_token": "?",
             "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}, "added_tokens": []}
            """);
        File.WriteAllText(Path.Combine(folder, "modules.json"), """
            [{"type": "sentence_transformers.models.Transformer", "path": ""},
             {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"},
             {"type": "sentence_transformers.models.Normalize", "path": "2_Normalize"}]
            """);
        File.WriteAllText(Path.Combine(folder, "1_Pooling", "config.json"), """{"pooling_mode_cls_token": true}""");
        File.WriteAllText(Path.Combine(folder, "sentence_bert_config.json"), """{"max_seq_length": 6}""");
        File.WriteAllText(Path.Combine(folder, "config_sentence_transformers.json"), """
            {"prompts": {"query": "q: "}, "default_prompt_name": "query"}
            """);
        return folder;
    }

    // Tokens that see one another where a mask lets them.
    private string Graph(string name, string output = "last_hidden_state", int width = 12)
    {
        const int Hidden = 12;
        var graph = new GraphBuilder("small");
        graph.AddInput("input_ids", TensorDtype.Int64, "batch", "sequence");
        graph.AddInput("attention_mask", TensorDtype.Int64, "batch", "sequence");
        graph.Append("", "Gather", "gather", [Weight("tokens", 11, Hidden), "input_ids"], ["rows"]);
        graph.Append("", "MatMul", "queries", ["rows", Weight("query", Hidden, Hidden)], ["asked"]);
        graph.Append("", "Transpose", "turn", ["rows"], ["columns"], NodeAttribute.Ints("perm", 0, 2, 1));
        graph.Append("", "MatMul", "score", ["asked", "columns"], ["scores"]);
        graph.Append("", "Cast", "count", ["attention_mask"], ["counts"], NodeAttribute.Int("to", 1));
        graph.Append("", "Sub", "miss", [graph.AddConstant("one", TensorDtype.Float32, 1), "counts"], ["absent"]);
        graph.Append("", "Mul", "far", ["absent", graph.AddConstant("low", TensorDtype.Float32, -1e4)], ["bias"]);
        graph.Append("", "Unsqueeze", "row", ["bias", graph.AddConstant("axis", 1)], ["bias_rows"]);
        graph.Append("", "Add", "masks", ["scores", "bias_rows"], ["masked"]);
        graph.Append("", "Softmax", "shares", ["masked"], ["weights"], NodeAttribute.Int("axis", -1));
        graph.Append("", "MatMul", "attend", ["weights", "rows"], ["attended"]);
        graph.Append("", "MatMul", "head", ["attended", Weight("last", Hidden, width)], [output]);
        graph.AddOutput(output, TensorDtype.Float32, "batch", "sequence", width);
        var path = Path.Combine(Directory.CreateDirectory(_folder.At(name)).FullName, "model.onnx");
        graph.Save(path);
        return path;

        string Weight(string called, int rows, int columns)
        {
            var random = new Random(called.Length);
            float[] values = [.. Enumerable.Range(0, rows * columns).Select(_ => random.NextSingle() - 0.5f)];
            return graph.AddWeight(called, Onnx.Model.Weight.FromFloats(TensorDtype.Float32, [rows, columns], values));
        }
    }
}
