using System.Text;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>Decoders of other exporters whose inputs and outputs have names that say nothing.</summary>
public sealed class OpaquePortsTests(SharedServer shared)
{
    private static readonly string? Root = FetchedFixtures.Folder;
    private static readonly int[] Prompt = [3, 14, 15, 92, 65, 35];

    // As long as the names, so that they can be exchanged inside the file.
    private static readonly (string Usual, string Opaque)[] Names =
    [
        ("input_ids", "x00000000"), ("attention_mask", "x1111111111111"), ("position_ids", "x22222222222"),
        ("past_key_values", "x33333333333333"), ("present", "y111111"), ("logits", "y00000"),
    ];

    [Theory]
    [InlineData("optimum", "llama_gqa")]
    [InlineData("optimum", "qwen2")]
    public async Task Generate_OfAGraphWithNamesThatSayNothing_IsThePlainModelsText(string exporter, string graph)
    {
        Assert.SkipWhen(Root is null, FetchedFixtures.Missing);
        using var folder = new TemporaryFolder();
        var source = Path.Combine(Root!, "graphs", exporter, graph);
        using var plain = new BareDecoder(Path.Combine(source, "model.onnx"));
        Directory.CreateDirectory(folder.At("opaque"));
        foreach (var file in Directory.EnumerateFiles(source, "model.onnx*"))
        {
            File.Copy(file, folder.At($"opaque/{Path.GetFileName(file)}"));
        }

        Rename(folder.At("opaque/model.onnx"));
        await ModelPackages.RunAsync(
            "protect", "--model", folder.At("opaque/model.onnx"), "--output", folder.At("package"),
            "--name", $"opaque-{graph}");
        await shared.Server.PushAsync(folder.At("package"));
        using var open = OpenModel.Open(shared.Server, folder.At("package"));

        Assert.Equal(
            plain.Greedy(Prompt, 12), await open.GreedyAsync(Prompt, 12, TestContext.Current.CancellationToken));
    }

    private static void Rename(string path)
    {
        var text = Encoding.Latin1.GetString(File.ReadAllBytes(path));
        foreach (var (usual, opaque) in Names)
        {
            text = text.Replace(usual, opaque, StringComparison.Ordinal);
        }

        File.WriteAllBytes(path, Encoding.Latin1.GetBytes(text));
    }
}
