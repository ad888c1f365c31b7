using Stip.EndToEnd.Kit;
using Stip.Programs.Tests.Fixtures;
using Stip.TestKit;

namespace Stip.Programs.Tests.Commands;

/// <summary>With its first layers on the owner's machine an encoder of texts answers the same.</summary>
public sealed class EncoderClientLayersTests(SharedServer shared)
{
    [Theory]
    [InlineData("stories-sentence", "embed", "A fox saw a crow.", "The hare.", // the shorter is filled up
        Explicit = true, Traits = ["Category", "Slow"])]
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

        var whole = await EncoderAnswers.AskAsync(shared, await shared.PushedAsync(checkpoint), command, texts);
        var split = await EncoderAnswers.AskAsync(shared, package, command, texts);

        EncoderAnswers.AssertAlike(whole, split);
    }

    [Fact(Explicit = true)]
    [Trait("Category", "Slow")]
    public async Task Classify_OfAnImageWithClientLayers_AnswersAsOfTheWholeModel()
    {
        string[] image = ["--image", Path.Combine(KnownCheckpoints.Folder("digits-vit"), "images/large_1501.png")];
        using var folder = new TemporaryFolder();
        await ModelPackages.RunAsync(
            "protect", "--model", await ModelPackages.ExportAsync("digits-vit"), "--output", folder.At("layers"),
            "--client-layers", "1", "--name", "digits-vit-layers");
        await shared.Server.PushAsync(folder.At("layers"));

        var whole = await EncoderAnswers.AskAsync(shared, await shared.PushedAsync("digits-vit"), "classify", image);
        var split = await EncoderAnswers.AskAsync(shared, folder.At("layers"), "classify", image);

        EncoderAnswers.AssertAlike(whole, split);
    }

    [Fact]
    public async Task Fill_OfAnotherExportersGraphWithClientLayers_AnswersAsOfTheWholeModel()
    {
        string[] texts = ["Once upon a [MASK] there was a king."];
        using var folder = new TemporaryFolder();
        ForeignEncoder.Write(
            await ModelPackages.ExportAsync("stories-bert"), folder.At("graph"), isRenamed: true, isOfTexts: false);
        await ModelPackages.RunAsync(
            "protect", "--model", folder.At("graph/model.onnx"), "--output", folder.At("layers"),
            "--client-layers", "1", "--name", "foreign-bert-layers");
        await shared.Server.PushAsync(folder.At("layers"));

        var whole = await EncoderAnswers.AskAsync(shared, await shared.PushedAsync("stories-bert"), "fill", texts);
        var split = await EncoderAnswers.AskAsync(shared, folder.At("layers"), "fill", texts);

        EncoderAnswers.AssertAlike(whole, split);
    }

    // Fewer labels than most tokens' ids.
    [Fact(Explicit = true)]
    [Trait("Category", "Slow")]
    public async Task Classify_OfAnotherExportersGraphWithClientLayers_AnswersAsOfTheWholeModel()
    {
        string[] texts = ["Once upon a time there was a king."];
        using var folder = new TemporaryFolder();
        ForeignEncoder.Write(
            await ModelPackages.ExportAsync("stories-bert"), folder.At("graph"), isRenamed: false, isOfTexts: true,
            labels: 3);
        foreach (var (name, layers) in (IEnumerable<(string, string[])>)
            [("whole", []), ("layers", ["--client-layers", "1"])])
        {
            await ModelPackages.RunAsync(
            [
                "protect", "--model", folder.At("graph/model.onnx"), "--output", folder.At(name), "--name",
                $"foreign-labels-{name}", .. layers,
            ]);
            await shared.Server.PushAsync(folder.At(name));
        }

        var whole = await EncoderAnswers.AskAsync(shared, folder.At("whole"), "classify", texts);
        var split = await EncoderAnswers.AskAsync(shared, folder.At("layers"), "classify", texts);

        EncoderAnswers.AssertAlike(whole, split);
        Assert.Equal(3, split.Length);
    }
}
