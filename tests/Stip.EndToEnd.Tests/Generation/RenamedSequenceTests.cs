using System.Text.Json;
using Google.Protobuf;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.Onnx.Model;
using Stip.Protocol.Packages;
using Stip.TestKit;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>An encoder and a decoder of another exporter, none of whose inputs and outputs has a name that says
/// anything: which is which is told by what the graphs do.</summary>
public sealed class RenamedSequenceTests(SharedServer shared, SequenceModels models)
{
    private const int TokenCount = 12;
    private static readonly int[] Source = [9, 4, 21, 30, 7, 1];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("t5")]
    [InlineData("mbart", Explicit = true, Traits = ["Category", "Slow"])]
    public async Task Generate_OfAPairWithNamesThatSayNothing_IsThePlainModelsText(string recipe)
    {
        using var folder = new TemporaryFolder();
        var model = await models.GetAsync(shared.Server, recipe);
        Hide(model.Plain, folder.At("hidden"));
        await ModelPackages.RunAsync(
            "protect", "--model", folder.At("hidden"), "--output", folder.At("package"), "--name", $"hidden-{recipe}");
        var manifest = JsonSerializer.Deserialize<PackageManifest>(
            File.ReadAllBytes(folder.At("package/cloud/stip.json")), Protocol.StipJson.Wire)!;
        Assert.StartsWith("y", manifest.Graphs["decoder"].NameOf(GraphManifest.Logits), StringComparison.Ordinal);
        await shared.Server.PushAsync(folder.At("package"));
        using var plain = new BareSequence(model.Plain);
        using var open = OpenModel.Open(shared.Server, folder.At("package"));

        var expected = plain.Greedy(Source, [0], TokenCount);
        Assert.True(expected.Distinct().Count() > 2, "a text that says nothing");
        Assert.Equal(expected, await open.GreedyAsync(Source, TokenCount, Cancellation));
    }

    // Every file of the plain folder that is not a description of its names.
    private static void Hide(string plain, string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(plain).Where(file => Path.GetFileName(file) != "export.json"))
        {
            var target = Path.Combine(folder, Path.GetFileName(file));
            if (Path.GetExtension(file) != ".onnx")
            {
                File.Copy(file, target);
                continue;
            }

            var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(file));
            PortNames.Hide(model.Graph);
            File.WriteAllBytes(target, model.ToByteArray());
        }
    }
}
