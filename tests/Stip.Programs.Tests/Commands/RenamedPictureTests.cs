using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Stip.Client.Bundles;
using Stip.Client.Encoders;
using Stip.Client.Images;
using Stip.Client.Transport;
using Stip.EndToEnd.Kit;
using Stip.Programs.Tests.Fixtures;
using Stip.TestKit;

namespace Stip.Programs.Tests.Commands;

/// <summary>Classifiers of pictures of other exporters whose inputs and outputs have names of their own: what a server
/// and a client make of them is what the plain graph gives.</summary>
public sealed class RenamedPictureTests(SharedServer shared)
{
    private const float LargestDifference = 1e-4f; // float32 sums in another order, on logits of scale 10

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public async Task Classify_OfARenamedGraph_EqualsThePlainGraph(bool isOfPatches, bool isOfAnySize)
    {
        using var folder = new TemporaryFolder();
        ForeignPicture.Write(folder.At("graph"), isOfPatches, isOfAnySize);
        var (plain, name) = (folder.At("graph/model.onnx"), $"pictures-{isOfPatches}-{isOfAnySize}");
        await ModelPackages.RunAsync("protect", "--model", plain, "--output", folder.At("package"), "--name", name);
        await shared.Server.PushAsync(folder.At("package"));
        var random = new Random(3);
        var pixels = new byte[20 * 24 * 3];
        random.NextBytes(pixels);
        var image = new RgbImage(20, 24, pixels);

        using var manifest = JsonDocument.Parse(File.ReadAllBytes(folder.At("package/cloud/stip.json")));
        var ports = manifest.RootElement.GetProperty("graphs").GetProperty("vision").GetProperty("ports");
        using var bundle = Bundle.Open(folder.At("package"));
        using var client = StipHttpClient.Connect(shared.Server.Endpoint, shared.Server.ApiKey);
        var answer = await new Classifier(new StipEncoder(bundle, client)).ClassifyAsync(
            image, TestContext.Current.CancellationToken);

        Assert.Equal("y0", ports.GetProperty("logits").GetString());
        var expected = Run(plain, ImagePreprocessor.FromFolder(
            folder.At("graph"), ForeignPicture.Side, ForeignPicture.Side).Apply(image).Values);
        Assert.Equal(ForeignPicture.Labels, answer.Logits.Count);
        Assert.All(expected.Zip(answer.Logits), pair =>
            Assert.Equal(pair.First, pair.Second, LargestDifference));
    }

    [Fact]
    public async Task Embed_OfASizeThatAGraphOfAnySizeCannotTake_IsRefusedByIt()
    {
        using var folder = new TemporaryFolder();
        ForeignPicture.Write(folder.At("graph"), isOfPatches: true, isOfAnySize: true);
        await ModelPackages.RunAsync(
            "protect", "--model", folder.At("graph/model.onnx"), "--output", folder.At("package"), "--name", "tiny",
            "--verify", "none");
        // Less than a patch.
        File.WriteAllText(
            Directory.EnumerateFiles(
                folder.At("package"), "preprocessor_config.json", SearchOption.AllDirectories).Single(),
            """{"size":{"height":3,"width":2}}""");
        using var bundle = Bundle.Open(folder.At("package"));

        var refusal = Assert.Throws<InvalidDataException>(() =>
            bundle.Patches!.Embed(new RgbImage(20, 24, new byte[20 * 24 * 3])));

        Assert.Equal("the model's graph cannot take an image of 2 × 3", refusal.Message);
    }

    private static float[] Run(string graph, float[] pixels)
    {
        using var session = new InferenceSession(graph);
        using var options = new RunOptions();
        using var images = OrtValue.CreateTensorValueFromMemory(
            pixels, [1, 3, ForeignPicture.Side, ForeignPicture.Side]);
        using var results = session.Run(options, ["images"], [images], ["y0"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
