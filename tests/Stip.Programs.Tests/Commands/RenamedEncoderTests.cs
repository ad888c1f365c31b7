using System.Text.Json;
using Stip.EndToEnd.Kit;
using Stip.Programs.Tests.Fixtures;
using Stip.TestKit;

namespace Stip.Programs.Tests.Commands;

/// <summary>Encoders of other exporters whose inputs and outputs have names that say nothing: what <c>embed</c>,
/// <c>classify</c> and <c>fill</c> give is what they give of the same graph under the usual ones.</summary>
public sealed class RenamedEncoderTests(SharedServer shared)
{
    [Theory]
    [InlineData("stories-sentence", "last_hidden_state", "embed", "A fox saw a crow.", "The hare.",
        Explicit = true, Traits = ["Category", "Slow"])]
    [InlineData("stories-bert", "logits", "fill", "Once upon a [MASK] there was a king.")]
    [InlineData("stories-bert", "logits", "classify", "Once upon a time",
        Explicit = true, Traits = ["Category", "Slow"])]
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

        var usual = await EncoderAnswers.AskAsync(shared, folder.At($"usual-{command}"), command, texts);
        var renamed = await EncoderAnswers.AskAsync(shared, folder.At($"renamed-{command}"), command, texts);

        EncoderAnswers.AssertAlike(usual, renamed);
    }
}
