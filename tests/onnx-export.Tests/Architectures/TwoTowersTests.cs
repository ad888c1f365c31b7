using Stip.Onnx;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>A tower of a model for texts and images is the model of that tower alone.</summary>
public sealed class TwoTowersTests(ExportedModels models) : IDisposable
{
    private const string Text = """
        "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 3,
        "vocab_size": 37, "max_position_embeddings": 16
        """;

    private const string Vision = """
        "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
        "image_size": 24, "patch_size": 8
        """;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("CLIPModel", "text", "CLIPTextModelWithProjection", Text)]
    [InlineData("CLIPModel", "vision", "CLIPVisionModelWithProjection", Vision)]
    [InlineData("SiglipModel", "text", "SiglipTextModel", Text)]
    [InlineData("SiglipModel", "vision", "SiglipVisionModel", Vision)]
    public async Task Export_OfATower_GivesTheGraphOfThatModelAlone(
        string whole, string tower, string alone, string sizes)
    {
        var expected = await ExportAsync(
            "alone", $$"""{"architectures": ["{{alone}}"], "projection_dim": 16, {{sizes}}}""", tower: null);

        var actual = await ExportAsync("whole", Both(whole), tower);

        var files = Directory.GetFiles(expected, "*.onnx*");
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Equal(
            File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(actual, Path.GetFileName(file)))));
    }

    [Fact]
    public async Task Export_OfNoTower_IsRefused()
    {
        var error = await Assert.ThrowsAsync<RefusedException>(
            () => ExportAsync("whole", Both("CLIPModel"), tower: null));

        Assert.Contains("give --tower text or --tower vision", error.Message);
    }

    [Fact]
    public async Task Export_OfATowerOfAModelThatIsOne_IsRefused()
    {
        var error = await Assert.ThrowsAsync<RefusedException>(() => ExportAsync(
            "alone", $$"""{"architectures": ["SiglipTextModel"], {{Text}}}""", tower: "vision"));

        Assert.Contains(
            "--tower is vision; SiglipTextModel has one tower, and --tower is for models with two", error.Message);
    }

    public void Dispose() => _folder.Dispose();

    private static string Both(string whole) => $$"""
        {"architectures": ["{{whole}}"], "projection_dim": 16,
         "text_config": { {{Text}}, "projection_dim": 99 },
         "vision_config": { {{Vision}} }
        }
        """;

    private Task<string> ExportAsync(string name, string config, string? tower)
    {
        var folder = Directory.CreateDirectory(_folder.At(name)).FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), config);
        return models.ExportAsync(folder, TensorDtype.Float32, randomSeed: 1, tower: tower);
    }
}
