using System.Text.Json.Nodes;
using Stip.Client.Tokenization;
using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization;

/// <summary>Ids of a Unigram as SentencePiece, which trained it, gives them: with a table of replacements, unknown
/// characters, and bytes in their place.</summary>
public sealed class UnigramTests
{
    [Theory]
    [InlineData("unigram")]
    [InlineData("unigram-bytes")]
    public void Ids_OfAUnigram_AreThoseOfSentencePiece(string name)
    {
        var folder = RepositoryRoot.At("tests", "data", "tokenizers", name);
        var tokenizer = TextTokenizer.FromFolder(folder);
        var cases = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "golden.json")))!["cases"]!.AsArray();

        Assert.All(cases, @case =>
        {
            var text = (string)@case!["text"]!;
            Assert.Equal(@case["ids"]!.AsArray().Select(id => (int)id!), tokenizer.Encode(text));
            Assert.Equal(
                @case["ids_with_special"]!.AsArray().Select(id => (int)id!),
                tokenizer.Encode(text, addSpecialTokens: true));
        });
    }

    [Theory]
    [InlineData("unigram", "The fox's beauty and voice")]
    [InlineData("unigram-bytes", "Käse 🙂 qqq ÿ")]
    public void Decode_OfIds_GivesTheTextBack(string name, string text)
    {
        var tokenizer = TextTokenizer.FromFolder(RepositoryRoot.At("tests", "data", "tokenizers", name));

        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }
}
