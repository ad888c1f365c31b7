using System.Text.Json.Nodes;
using Stip.Client.Tokenization;
using Stip.Export.Checkpoints.Gguf;
using Stip.Export.Checkpoints.Gguf.Tokenizer;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints.Gguf;

public sealed class UnigramTokenizerTests
{
    [Fact]
    public void Ids_OfAUnigram_AreThoseOfLlamaCpp()
    {
        using var folder = new TemporaryFolder();
        using var file = GgufFile.Open(RepositoryRoot.At("tests", "data", "gguf-tokenizers", "t5.gguf"));
        File.WriteAllBytes(folder.At("tokenizer.json"), GgufTokenizerFiles.Make(file.Metadata)["tokenizer.json"]);
        var tokenizer = TextTokenizer.FromFolder(folder.Path);
        var golden = JsonNode.Parse(
            File.ReadAllText(RepositoryRoot.At("tests", "data", "gguf-tokenizers", "t5.json")))!;

        Assert.All(golden["cases"]!.AsArray(), @case => Assert.Equal(
            @case!["ids"]!.AsArray().Select(id => (int)id!),
            tokenizer.Encode((string)@case["text"]!, addSpecialTokens: true)));
    }
}
