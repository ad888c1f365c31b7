using System.Text.Json.Nodes;
using Stip.Onnx.Packages;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

/// <summary>Folders of sentence-transformers whose config.json names what their encoder was trained with.</summary>
public sealed class SentenceHeadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Output => _folder.At("out");

    [Theory]
    [InlineData("BertForMaskedLM")]
    [InlineData("BertForPreTraining")]
    [InlineData("BertForSequenceClassification")]
    [InlineData("BertForCL")] // not known: model_type says what it is
    public void Export_OfAFolderThatNamesAHead_IsTheSame(string architecture)
    {
        var expected = Export("BertModel");

        Assert.Equal(expected, Export(architecture));
        Assert.Contains("\"architecture\": \"BertModel\"", expected.Manifest, StringComparison.Ordinal);
    }

    [Fact]
    public void Export_OfAHeadThatCannotBeCut_IsRefused()
    {
        var source = Source("BartForSequenceClassification");
        Edit(source, config => (
            config["d_model"], config["encoder_layers"], config["decoder_layers"], config["encoder_ffn_dim"],
            config["decoder_ffn_dim"], config["encoder_attention_heads"], config["decoder_attention_heads"]) =
                (16, 1, 1, 24, 24, 2, 2));

        var (exitCode, _, error) = Run(source);

        Assert.Equal(1, exitCode);
        Assert.Contains(
            "'BartForSequenceClassification' gives no features of texts, which modules.json pools", error,
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private (string Manifest, string Graph) Export(string architecture)
    {
        Assert.Equal((0, ""), Run(Source(architecture)) is var run ? (run.ExitCode, run.Error) : default);
        var written = (
            File.ReadAllText(Path.Combine(Output, ExportManifest.FileName)),
            Convert.ToHexString(File.ReadAllBytes(Path.Combine(Output, "model.onnx"))));
        Directory.Delete(Output, recursive: true);
        return written;
    }

    private (int ExitCode, string Output, string Error) Run(string source) => CommandLine.Run(
        ["export", "--checkpoint", source, "--output", Output, "--random-weights", "1"]);

    private string Source(string architecture)
    {
        var target = _folder.At("source");
        foreach (var file in new[] { "config.json", "modules.json", "1_Pooling/config.json" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(target, file))!);
            File.Copy(
                Path.Combine(KnownCheckpoints.Folder("stories-sentence"), file), Path.Combine(target, file),
                overwrite: true);
        }

        Edit(target, config => config["architectures"] = new JsonArray(architecture));
        return target;
    }

    private static void Edit(string source, Action<JsonNode> edit)
    {
        var path = Path.Combine(source, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!;
        edit(config);
        File.WriteAllText(path, config.ToJsonString());
    }
}
