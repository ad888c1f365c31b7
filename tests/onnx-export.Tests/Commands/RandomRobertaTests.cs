using System.Text.Json.Nodes;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

/// <summary>Random weights have every name, Jina's too.</summary>
public sealed class RandomRobertaTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Export_OfRandomWeights_IsRoberta()
    {
        Assert.Equal((0, ""), Export("RobertaModel", "absolute"));

        var outputs = JsonNode.Parse(File.ReadAllText(_folder.At("out/export.json")))!.ToJsonString();
        Assert.Contains("pooler_output", outputs, StringComparison.Ordinal);
    }

    [Fact]
    public void Export_OfChoicesOfTurnedHeads_IsRefusedInOneLine()
    {
        var (exitCode, error) = Export("XLMRobertaForMultipleChoice", "rotary");

        Assert.Equal(1, exitCode);
        Assert.Contains("has no head for Choice", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    public void Dispose() => _folder.Dispose();

    private (int ExitCode, string Error) Export(string architecture, string positions)
    {
        Directory.CreateDirectory(_folder.At("source"));
        File.WriteAllText(_folder.At("source/config.json"), $$"""
            {"architectures": ["{{architecture}}"], "hidden_size": 32, "intermediate_size": 40, "vocab_size": 37,
             "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 34, "type_vocab_size": 1,
             "position_embedding_type": "{{positions}}"}
            """);
        var (exitCode, _, error) = CommandLine.Run(
            "export", "--checkpoint", _folder.At("source"), "--output", _folder.At("out"), "--random-weights", "1");
        return (exitCode, error.Trim());
    }
}
