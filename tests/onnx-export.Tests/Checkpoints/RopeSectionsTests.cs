using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints;

/// <summary>Files that say twice how positions turn: as in transformers <c>rope_scaling</c> counts.</summary>
public sealed class RopeSectionsTests(ExportedModels models) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("""{"rope_scaling": {"rope_type": "linear"}, "rope_parameters": {"rope_type": "default"}}""",
        """{"rope_scaling": {"rope_type": "linear"}}""")]
    [InlineData("""{"rope_scaling": {}, "rope_parameters": {"rope_type": "default"}}""",
        """{"rope_scaling": {}, "rope_parameters": {"rope_type": "default"}}""")]
    [InlineData("""{"rope_scaling": null, "rope_parameters": {"rope_type": "default"}}""",
        """{"rope_scaling": null, "rope_parameters": {"rope_type": "default"}}""")]
    [InlineData(
        """{"text_config": {"rope_scaling": {"rope_type": "linear"}, "rope_parameters": {"rope_theta": 5}}}""",
        """{"text_config": {"rope_scaling": {"rope_type": "linear"}}}""")]
    [InlineData(
        """
        {"rope_scaling": {"rope_type": "linear", "factor": 8},
         "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 5},
         "sliding_attention": {"rope_theta": 3}}}
        """,
        """
        {"rope_parameters": {"full_attention": {"rope_type": "linear", "rope_theta": 5, "factor": 8},
         "sliding_attention": {"rope_theta": 3}}}
        """)]
    public void Settled_OfAFileWithTwoSections_HasOne(string file, string expected) => Assert.True(JsonNode.DeepEquals(
        JsonNode.Parse(expected),
        JsonNode.Parse(RopeSections.Settled(JsonDocument.Parse(file).RootElement).GetRawText())));

    [Fact]
    public async Task Export_OfAFileWithTwoSections_EqualsThatWithTheOlderOne()
    {
        const string scaled = """ "rope_scaling": {"rope_type": "linear", "factor": 4.0}""";
        const string newer = """ "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}""";
        var both = await ExportAsync($"{scaled}, {newer}");

        Assert.Equal(await ExportAsync(scaled), both);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<byte[]> ExportAsync(string fields)
    {
        File.WriteAllText(_folder.At("config.json"), $$"""
            {"architectures": ["LlamaForCausalLM"], "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1,
             "num_attention_heads": 4, "vocab_size": 37, "max_position_embeddings": 16, {{fields}}}
            """);
        return await File.ReadAllBytesAsync(
            Path.Combine(await models.ExportAsync(_folder.Path, TensorDtype.Float32, randomSeed: 1), "model.onnx.data"),
            TestContext.Current.CancellationToken);
    }
}
