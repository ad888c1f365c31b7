using System.Text.Json.Nodes;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Factors of norms that are stored as a difference from 1 are not rounded to the graph's type.</summary>
public sealed class WideNormTests(ExportedModels models) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(TensorDtype.Float16)]
    [InlineData(TensorDtype.BFloat16)]
    public async Task Factors_OfGemma_StayFloat32(TensorDtype dtype)
    {
        WriteModel();
        var graph = ModelProto.Parser.ParseFrom(await File.ReadAllBytesAsync(
            Path.Combine(await models.ExportAsync(_folder.Path, dtype), "model.onnx"),
            TestContext.Current.CancellationToken)).Graph;

        var factors = graph.Initializer
            .Where(tensor => tensor.Name.Contains("norm", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(factors);
        Assert.All(factors, tensor => Assert.Equal((int)TensorDtype.Float32.ToOnnx(), tensor.DataType));
    }

    [Fact]
    public async Task Logits_InFloat16_AreNearThoseOfFloat32AndThoseOfThePackage()
    {
        long[] ids = [3, 30, 7, 7, 0, 21];
        WriteModel();
        var exported = await models.ExportAsync(_folder.Path, TensorDtype.Float16);
        using var expected = new PlainModel(await models.ExportAsync(_folder.Path, TensorDtype.Float32), ids.Length);
        using var model = new PlainModel(exported, ids.Length);
        var logits = expected.Append(ids, allRows: true);

        // Some steps of float16.
        var largest = 0.005f * logits.Max(MathF.Abs);
        Assert.InRange(ReferenceTests.Largest(model.Append(ids, allRows: true), logits), 0, largest);

        var package = Directory.CreateDirectory(_folder.At("package")).FullName;
        var result = PackageProtector.Protect(exported, package, new ProtectionOptions(), new SeededRandom(1));
        Assert.InRange(result.Verification!.MaxAbsDiff, 0, largest);
    }

    public void Dispose() => _folder.Dispose();

    private void WriteModel()
    {
        var recipe = JsonNode.Parse(File.ReadAllText(
            RepositoryRoot.At("tests", "data", "architectures", "neighbours.json")))!.AsArray()
            .First(recipe => $"{recipe!["name"]}" == "gemma3-sees")!;
        DrawnWeights.WriteCheckpoint(_folder.Path, recipe["config"]!, recipe["tensors"]!.AsObject());
    }
}
