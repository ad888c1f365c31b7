using Spectre.Console;
using Stip.Export.Commands;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

/// <summary>
/// What programs and people compare: order, words and numbers of <c>inspect</c> stay from run to run and from version
/// to version. A wanted change is written into the files by a run with <c>STIP_WRITE_GOLDEN=1</c>.
/// </summary>
public sealed class InspectGoldenTests(ExportedModels models) : IDisposable
{
    private const int TextWidth = 100;
    private const int Hidden = 8;
    private const int Vocabulary = 12;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("tiny-llama2-70b", "inspect")]
    [InlineData("tiny-bert-classifier", "inspect-encoder")]
    public async Task Inspect_OfAnExportedModel_PrintsTheGoldenTextAndJson(string model, string golden) =>
        await AssertGoldenAsync(await models.FolderAsync(model), golden);

    [Fact]
    public async Task Inspect_OfAForeignGraphWithAnOperatorOfNoRule_PrintsTheGoldenTextAndJson() =>
        await AssertGoldenAsync(SaveForeign(), "inspect-foreign");

    public void Dispose() => _folder.Dispose();

    private static async Task AssertGoldenAsync(string model, string golden)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = TextWidth;
        InspectText.Print(ModelInspector.Inspect(model), console);

        await AssertFileAsync($"{golden}.txt", text.ToString());
        await AssertFileAsync($"{golden}.json", CommandLine.Run("inspect", "--model", model, "--json").Output);
    }

    private static async Task AssertFileAsync(string file, string actual)
    {
        var path = RepositoryRoot.At("tests", "onnx-export.Tests", "Commands", "Golden", file);
        if (Environment.GetEnvironmentVariable("STIP_WRITE_GOLDEN") is { Length: > 0 })
        {
            await File.WriteAllTextAsync(path, actual, TestContext.Current.CancellationToken);
        }

        var expected = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(expected, actual, ignoreLineEndingDifferences: true);
    }

    // Ids, a table, a layer, a riddle beside it whose outcome is an output of its own, and a head.
    private string SaveForeign()
    {
        var graph = new GraphBuilder("foreign");
        graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        var rows = Node("Gather", "embed", Weight("embed.table", Vocabulary, Hidden), "input_ids");
        var up = Node("MatMul", "layers.0.up", rows, Weight("layers.0.up.weight", Hidden, 24));
        var active = Node("Relu", "layers.0.relu", up);
        var down = Node("MatMul", "layers.0.down", active, Weight("layers.0.down.weight", 24, Hidden));
        var sum = Node("Add", "layers.0.sum", rows, down);
        var seen = Node("MatMul", "riddle.in", active, Weight("riddle.weight", 24, 6));
        graph.Append("example", "Riddle", "riddle", [seen, Weight("riddle.secret", 6)], ["riddle_answer"]);
        graph.AddOutput("riddle_answer", TensorDtype.Float32, "batch", "seq", 6);
        graph.Append("", "MatMul", "head", [sum, Weight("head.weight", Hidden, Vocabulary)], ["logits"]);
        graph.AddOutput("logits", TensorDtype.Float32, "batch", "seq", Vocabulary);
        graph.Save(_folder.At("model.onnx"));
        return _folder.At("model.onnx");

        string Node(string operation, string name, params string[] inputs) =>
            graph.Append("", operation, name, inputs, [$"{name}/output"])[0];

        string Weight(string name, params long[] shape) => graph.AddWeight(name, Onnx.Model.Weight.FromFloats(
            TensorDtype.Float32, shape, DrawnWeights.Draw(name, shape, 1, 0)));
    }
}
