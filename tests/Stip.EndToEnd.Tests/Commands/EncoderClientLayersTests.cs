using System.Text.Json;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Commands;

/// <summary>With its first layers on the owner's machine an encoder of texts answers the same.</summary>
public sealed class EncoderClientLayersTests(SharedServer shared)
{
    private const float LargestDifference = 1e-4f; // float32 sums in another order, on outputs of scale 1 to 10

    [Theory]
    [InlineData("stories-sentence", "embed", "A fox saw a crow.", "The hare.")] // the shorter is filled up
    [InlineData("stories-bert", "fill", "Once upon a [MASK] there was a king.")]
    public async Task Command_WithClientLayers_AnswersAsOfTheWholeModel(
        string checkpoint, string command, params string[] texts)
    {
        using var folder = new TemporaryFolder();
        var package = folder.At("layers");
        await ModelPackages.RunAsync(
            "protect", "--model", await ModelPackages.ExportAsync(checkpoint), "--output", package,
            "--client-layers", "1", "--name", $"{checkpoint}-layers");
        await shared.Server.PushAsync(package);
        Assert.True(File.Exists(folder.At("layers/client/layers.onnx")));

        var whole = await AskAsync(await shared.PushedAsync(checkpoint), command, texts);
        var split = await AskAsync(package, command, texts);

        Assert.NotEmpty(whole);
        Assert.Equal(whole.Length, split.Length);
        Assert.All(whole.Zip(split), pair =>
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
        return command == "embed"
            ? [.. answer.RootElement.GetProperty("embeddings").EnumerateArray().SelectMany(numbers =>
                numbers.EnumerateArray().Select(number => number.GetSingle()))]
            : [.. answer.RootElement.GetProperty("masks").EnumerateArray().SelectMany(mask =>
                mask.GetProperty("candidates").EnumerateArray().Select(word => word.GetProperty("score").GetSingle()))];
    }
}
