using System.Text.Json.Nodes;
using Stip.Onnx.Protection;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Which experts a row goes to does not depend on the type that the graph computes in.</summary>
public sealed class WideRoutingTests(ExportedModels models) : IDisposable
{
    // Of the largest logit: a few steps of float16, whose rows go through two layers; other experts make it 0.3.
    private const float LargestShare = 0.005f;

    private static readonly long[] Ids = [3, 30, 7, 7, 0, 21, 33, 8, 1, 2];
    private readonly TemporaryFolder _folder = new();

    // Steps of float16 at 24 are 2^-6: rounded to it, nearly all biases are one.
    [Theory]
    [InlineData("experts", "deepseek_v3")]
    [InlineData("experts", "deepseek_v3-wide")]
    [InlineData("experts", "minimax_m2")]
    public async Task Logits_InFloat16WithALargeBiasForTheChoice_AreThoseOfFloat32(string group, string name)
    {
        var recipe = JsonNode.Parse(File.ReadAllText(
            RepositoryRoot.At("tests", "data", "architectures", $"{group}.json")))!.AsArray()
            .First(recipe => $"{recipe!["name"]}" == name)!;
        foreach (var (tensor, numbers) in recipe["tensors"]!.AsObject())
        {
            if (tensor.EndsWith("e_score_correction_bias", StringComparison.Ordinal))
            {
                (numbers![0], numbers[1]) = (0.005f, 24f);
            }
            else if (tensor.EndsWith(".gate.weight", StringComparison.Ordinal))
            {
                numbers![0] = 0.001f;
            }
        }

        DrawnWeights.WriteCheckpoint(_folder.Path, recipe["config"]!, recipe["tensors"]!.AsObject());
        var expected = Logits(await models.ExportAsync(_folder.Path, TensorDtype.Float32));
        var exported = await models.ExportAsync(_folder.Path, TensorDtype.Float16);

        var largest = LargestShare * expected.Max(MathF.Abs);
        Assert.InRange(ReferenceTests.Largest(Logits(exported), expected), 0, largest);

        var package = Directory.CreateDirectory(_folder.At("package")).FullName;
        var result = PackageProtector.Protect(exported, package, new ProtectionOptions(), new SeededRandom(1));
        Assert.InRange(result.Verification!.MaxAbsDiff, 0, largest);
    }

    public void Dispose() => _folder.Dispose();

    private static float[] Logits(string folder)
    {
        using var model = new PlainModel(folder, Ids.Length);
        return model.Append(Ids, allRows: true);
    }
}
