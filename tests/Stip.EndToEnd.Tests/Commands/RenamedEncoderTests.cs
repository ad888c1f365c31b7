using System.Text.Json;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Commands;

/// <summary>Encoders of other exporters whose inputs and outputs have names that say nothing: what <c>embed</c>,
/// <c>classify</c> and <c>fill</c> give is what they give of the same graph under the usual ones.</summary>
public sealed class RenamedEncoderTests(SharedServer shared)
{
    private const float LargestDifference = 1e-4f; // float32 sums in another order, on outputs of scale 1 to 10

    [Theory]
    [InlineData("stories-sentence", "last_hidden_state", "embed", "A fox saw a crow.", "The hare.")]
    [InlineData("stories-bert", "logits", "fill", "Once upon a [MASK] there was a king.")]
    [InlineData("stories-bert", "logits", "classify", "Once upon a time")]
    public async Task Command_OfARenamedEncoder_AnswersAsOfTheUsualOne(
        string checkpoint, string output, string command, params string[] texts)
    {
        using var folder = new TemporaryFolder();
        var exported = await ModelPackages.ExportAsync(checkpoint);
        foreach (var isRenamed in (bool[])[false, true])
        {
            var (graph, name) = ($"graph-{isRenamed}", isRenamed ? $"renamed-{command}" : $"usual-{command}");
            ForeignEncoder.Write(exported, folder.At(graph), isRenamed, isOfTexts: command == "classify");
            await ModelPackages.RunAsync(
                "protect", "--model", folder.At($"{graph}/model.onnx"), "--output", folder.At(name), "--name", name);
            await shared.Server.PushAsync(folder.At(name));
        }

        using var manifest = JsonDocument.Parse(File.ReadAllBytes(folder.At($"renamed-{command}/cloud/stip.json")));
        var ports = manifest.RootElement.GetProperty("graphs").GetProperty("encoder").GetProperty("ports");
        Assert.Equal("x1", ports.GetProperty("attention_mask").GetString());
        Assert.Equal("y0", ports.GetProperty(output).GetString());

        var usual = await AskAsync(folder.At($"usual-{command}"), command, texts);
        var renamed = await AskAsync(folder.At($"renamed-{command}"), command, texts);

        Assert.NotEmpty(usual);
        Assert.Equal(usual.Length, renamed.Length);
        Assert.All(usual.Zip(renamed), pair =>
            Assert.InRange(MathF.Abs(pair.First - pair.Second), 0, LargestDifference));
    }

    private async Task<float[]> AskAsync(string package, string command, string[] texts)
    {
        var run = await ProgramRun.RunAsync(
            "Stip.Gateway",
            [
                command, "--bundle", package, "--endpoint", shared.Server.Endpoint.ToString(), "--api-key",
                shared.Server.ApiKey, "--json", .. texts,
            ],
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(run.ExitCode == 0, run.Error);
        using var answer = JsonDocument.Parse(run.Output);
        return command switch
        {
            "embed" => [.. answer.RootElement.GetProperty("embeddings").EnumerateArray().SelectMany(Floats)],
            "classify" => Floats(answer.RootElement.GetProperty("logits")),
            _ => [.. answer.RootElement.GetProperty("masks").EnumerateArray().SelectMany(mask =>
                mask.GetProperty("candidates").EnumerateArray().Select(word => word.GetProperty("score").GetSingle()))],
        };
    }

    private static float[] Floats(JsonElement numbers) =>
        [.. numbers.EnumerateArray().Select(number => number.GetSingle())];
}
