using Stip.Client.Tokenization;
using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization.Models;

/// <summary>Pieces of one model with the ids of another: what the first does not know may be a word of the
/// second.</summary>
public sealed class UnknownPieceTests
{
    private const string BytePairs =
        """
        { "type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "merges": ["a b"],
          "vocab": { "<unk>": 0, "a": 1, "b": 2, "ab": 3 } }
        """;

    private const string Unigram =
        """
        { "type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -2], ["b", -2], ["ab", -1]] }
        """;

    // Side by side, unknown characters are one piece: 語 alone has an id, 日 beside it has none.
    [Theory]
    [InlineData(BytePairs)]
    [InlineData(Unigram)]
    public void Ids_OfWhatOnlyTheVocabularyHas_AreItsOwn(string pieces)
    {
        var tokenizer = Read(pieces);

        Assert.Equal([13, 15, 11, 14, 12], tokenizer.Encode("ab語a日本b"));
        Assert.Equal([10, 13, 16, 11], tokenizer.Encode("日語ab🙂a"));
        Assert.Equal([11, 10], tokenizer.Encode("a🙂🙂"));
        Assert.Equal([], tokenizer.Encode(""));
    }

    // Each unknown character is a piece of its own where the model says so.
    [Fact]
    public void Ids_OfUnknownCharactersThatStayApart_AreOneEach() => Assert.Equal(
        [11, 16, 16, 10, 12],
        Read(BytePairs.Replace("\"fuse_unk\": true", "\"fuse_unk\": false", StringComparison.Ordinal))
            .Encode("a🙂🙂日b"));

    private static TextTokenizer Read(string pieces)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("tokenizer.json"), $$"""
            {
              "model": {
                "type": "PieceVocabulary",
                "unk_token": "<unk>",
                "vocab": { "<unk>": 10, "a": 11, "b": 12, "ab": 13, "日本": 14, "語": 15, "🙂": 16 },
                "pieces": {{pieces}}
              }
            }
            """);
        return TextTokenizer.FromFolder(folder.Path);
    }
}
