using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>An encoder and a decoder as Optimum writes them, the decoder in two files and merged.</summary>
public sealed class OptimumSequenceTests(SharedServer shared)
{
    private static readonly string? Root = FetchedFixtures.Folder;
    private static readonly int[] Source = [3, 14, 15, 9, 26, 5, 1];

    [Fact]
    public async Task Generate_MergedAndInTwoFiles_IsThePlainModelsText()
    {
        Assert.SkipWhen(Root is null, FetchedFixtures.Missing);
        using var folder = new TemporaryFolder();
        Write(folder.At("two"), ("t5_encoder", "encoder_model"), ("t5_decoder", "decoder_model"),
            ("t5_decoder_with_past", "decoder_with_past_model"));
        Write(folder.At("one"), ("t5_encoder", "encoder_model"), ("t5_decoder_merged", "decoder_model_merged"));
        using var plain = new BareSequence(folder.At("two"));
        var expected = plain.Greedy(Source, [0], 12);

        foreach (var form in new[] { "two", "one" })
        {
            var package = folder.At($"{form}-package");
            await ModelPackages.RunAsync(
                "protect", "--model", folder.At(form), "--output", package, "--name", $"optimum-{form}",
                "--verify", "none");
            await shared.Server.PushAsync(package);
            using var open = OpenModel.Open(shared.Server, package);

            Assert.Equal(expected, await open.GreedyAsync(Source, 12, TestContext.Current.CancellationToken));
        }
    }

    private static void Write(string folder, params (string Graph, string Name)[] graphs)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), """{"decoder_start_token_id":0,"eos_token_id":1}""");
        foreach (var (graph, name) in graphs)
        {
            File.Copy(
                Path.Combine(Root!, "graphs", "optimum", graph, "model.onnx"), Path.Combine(folder, $"{name}.onnx"));
        }
    }
}
