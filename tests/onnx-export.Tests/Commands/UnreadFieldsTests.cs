using System.Text.Json.Nodes;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

/// <summary>Fields of config.json that no formula asks for are said, not passed over.</summary>
public sealed class UnreadFieldsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("""{"odd_scale": 2, "rope_scaling": {"rope_type": "linear", "factor": 2, "bend": 3}}""",
        "odd_scale, rope_scaling.bend")]
    [InlineData("""{"odd_scale": null, "attention_dropout": 0.1, "use_cache": true}""", null)]
    public void Export_OfFieldsThatNothingAsksFor_NamesThem(string fields, string? expected)
    {
        var config = JsonNode.Parse("""
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 32, "intermediate_size": 40,
             "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 37, "max_position_embeddings": 32}
            """)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }

        Directory.CreateDirectory(_folder.At("source"));
        File.WriteAllText(_folder.At("source/config.json"), config.ToJsonString());

        var (exitCode, _, error) = CommandLine.Run(
            "export", "--checkpoint", _folder.At("source"), "--output", _folder.At("out"), "--random-weights", "1");

        Assert.Equal(0, exitCode);
        Assert.Equal(
            expected is null ? "" : "warning: config.json has fields that nothing of this model asks for: "
                + $"{expected}; if one of them changes what it computes, the graph does not know",
            error.Trim());
    }

    public void Dispose() => _folder.Dispose();
}
