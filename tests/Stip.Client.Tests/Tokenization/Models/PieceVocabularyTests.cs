using System.Text.Json.Nodes;
using Stip.Client.Tokenization;
using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization.Models;

/// <summary>Pieces that one model cuts and a vocabulary beside it numbers.</summary>
public sealed class PieceVocabularyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // "o" is a piece without an id; "é" is none, but has one; "q" is neither.
    [Theory]
    [InlineData("fox", new[] { 5, 4 })]
    [InlineData("  fox crow", new[] { 5, 4, 6 })]
    [InlineData("o", new[] { 3, 1 })]
    [InlineData("é", new[] { 3, 2 })]
    [InlineData("qé x", new[] { 3, 1, 3, 4 })]
    [InlineData(">>fra<< fox", new[] { 7, 5, 4 })]
    public void Ids_OfAText_AreThoseOfTheVocabulary(string text, int[] ids)
    {
        var tokenizer = TextTokenizer.FromFolder(
            RepositoryRoot.At("tests", "data", "tokenizers", "piece-vocabulary"));

        Assert.Equal(ids, tokenizer.Encode(text));
        Assert.Equal([.. ids, 0], tokenizer.Encode(text, addSpecialTokens: true));
    }

    [Fact]
    public void Text_OfIdsThatNoPieceOfTheSourceHas_IsThatOfTheVocabulary()
    {
        var tokenizer = TextTokenizer.FromFolder(
            RepositoryRoot.At("tests", "data", "tokenizers", "piece-vocabulary"));

        Assert.Equal("foé crow", tokenizer.Decode([5, 2, 6, 0]));
        Assert.Equal(7, tokenizer.LanguageId("fra"));
    }

    [Theory]
    [InlineData("unk_token", "\"<none>\"", "the unknown token is not in the vocabulary")]
    [InlineData(
        "pieces",
        """
        {"type": "PieceVocabulary", "unk_token": "a", "vocab": {"a": 0},
         "pieces": {"type": "Unigram", "unk_id": 0, "vocab": [["a", 0]]}}
        """,
        "have a vocabulary of their own")]
    [InlineData("pieces", "null", "the field 'pieces' is missing")]
    public void Read_OfAModelThatCannotBe_NamesTheField(string field, string value, string reason)
    {
        var file = JsonNode.Parse(File.ReadAllText(
            RepositoryRoot.At("tests", "data", "tokenizers", "piece-vocabulary", "tokenizer.json")))!;
        file["model"]![field] = JsonNode.Parse(value);
        File.WriteAllText(_folder.At("tokenizer.json"), file.ToJsonString());

        Assert.Contains(
            reason,
            Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFolder(_folder.Path)).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
