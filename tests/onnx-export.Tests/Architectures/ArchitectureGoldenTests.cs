using System.Text.Json.Nodes;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>The first files of recipes, and what bare models save.</summary>
public sealed class ArchitectureGoldenTests(ExportedModels models) : ArchitectureGoldens(models)
{
    public static TheoryData<string, string> Names =>
        NamesWhere(group => !SecondArchitectureGoldenTests.IsOf(group));

    /// <summary>Models without a head whose tensors all stand under one name.</summary>
    public static TheoryData<string, string> BareNames =>
        [.. new[] { "boxed", "encoders", "lately", "pictures", "readers", "texts", "towers", "vision", "voices" }
        .SelectMany(group => Recipes(group).Where(IsBare).Select(recipe => (group, $"{recipe!["name"]}")))];

    [Theory]
    [MemberData(nameof(Names))]
    public Task Outputs_OfAnArchitecture_EqualTheReference(string group, string name) =>
        AssertReferenceAsync(group, name);

    [Theory]
    [MemberData(nameof(BareNames))]
    public Task Export_OfNamesThatTheBareModelSaves_GivesTheSameGraph(string group, string name) =>
        AssertSameAsync(group, name, tensor => tensor[(tensor.IndexOf('.', StringComparison.Ordinal) + 1)..]);

    // Published files of BERT still have these.
    [Fact]
    public Task Export_OfNormsUnderTheirFirstNames_GivesTheSameGraph() => AssertSameAsync("encoders", "ernie", tensor =>
        tensor.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
            .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal));

    private async Task AssertSameAsync(string group, string name, Func<string, string> renamed)
    {
        var recipe = Recipes(group).First(recipe => $"{recipe!["name"]}" == name)!;
        var (whole, bare) = (Folder.At("whole"), Folder.At("bare"));
        foreach (var (folder, rename) in new (string, Func<string, string>?)[] { (whole, null), (bare, renamed) })
        {
            Directory.CreateDirectory(folder);
            DrawnWeights.WriteCheckpoint(folder, recipe["config"]!, recipe["tensors"]!.AsObject(), rename);
        }

        var task = (string?)recipe["task"];
        var (expected, exported) = (
            await Models.ExportAsync(whole, TensorDtype.Float32, task: task),
            await Models.ExportAsync(bare, TensorDtype.Float32, task: task));

        Assert.All(Directory.GetFiles(expected, "*.onnx*"), file => Assert.Equal(
            File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(exported, Path.GetFileName(file)))));
    }

    private static bool IsBare(JsonNode? recipe) =>
        $"{recipe!["config"]!["architectures"]![0]}".EndsWith("Model", StringComparison.Ordinal)
        && recipe["tensors"]!.AsObject().Select(tensor => tensor.Key.Split('.')[0]).Distinct().Count() == 1;
}
