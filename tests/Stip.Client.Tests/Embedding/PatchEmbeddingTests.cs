using System.Text.Json;
using Stip.Client.Embedding;
using Stip.Keys.Bundles;

namespace Stip.Client.Tests.Embedding;

/// <summary>Which graphs take images.</summary>
public sealed class PatchEmbeddingTests
{
    [Theory]
    [InlineData("""["batch","channels","height","width"]""", true)]
    [InlineData("""["batch",3,"height","width"]""", true)]
    [InlineData("""[1,3,24,24]""", true)]
    [InlineData("""[1,24,24,3]""", false)]
    [InlineData("""["batch","height","width",3]""", false)] // channels last
    public void Fault_ByTheAxesOfAnInput_TellsWhereItsColoursAre(string axes, bool takesImages)
    {
        var shape = JsonSerializer.Deserialize<JsonElement[]>(axes)!;
        var graph = new ClientGraphManifest(
            "embedding.onnx", [new("images", "float32", shape)], [new("rows", "float32", shape[..3])]);

        Assert.Equal(takesImages, PatchEmbedding.Fault(graph) is null);
    }
}
