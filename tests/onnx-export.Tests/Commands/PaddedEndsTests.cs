using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

/// <summary>Decoders that judge a text by its last token, where its end token is also the one for padding.</summary>
public sealed class PaddedEndsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("LlamaForSequenceClassification", "\"pad_token_id\": 2, \"eos_token_id\": [1, 2]", true)]
    [InlineData("LlamaForSequenceClassification", "\"pad_token_id\": 0, \"eos_token_id\": 2", false)]
    [InlineData("LlamaForSequenceClassification", "\"pad_token_id\": null, \"eos_token_id\": 2", false)]
    [InlineData("LlamaForTokenClassification", "\"pad_token_id\": 2, \"eos_token_id\": 2", false)]
    public void Export_OfAClassifier_TellsThatOthersJudgeByTheTokenBeforeTheEnd(
        string architecture, string tokens, bool isTold)
    {
        File.WriteAllText(_folder.At("config.json"), $$"""
            {"architectures": ["{{architecture}}"], "hidden_size": 32, "intermediate_size": 40, "num_labels": 2,
             "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 37, "max_position_embeddings": 32,
             "id2label": {"0": "no", "1": "yes"}, {{tokens}} }
            """);

        var (exitCode, _, error) = CommandLine.Run([
            "export", "--checkpoint", _folder.Path, "--output", _folder.At("out"), "--random-weights", "1"]);

        Assert.Equal(0, exitCode);
        Assert.Equal(isTold, error.Contains("pad_token_id is an eos_token_id", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();
}
