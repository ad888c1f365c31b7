using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Stip.Client.Tokenization;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.Onnx;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints.Tokenizers;

/// <summary>Ranks of tiktoken, against what tiktoken does with them: of all neighbours in a piece, the two whose bytes
/// together have the lowest rank become one, until there are none; a piece that is a token is that token.</summary>
public sealed class TiktokenFolderTests
{
    // Of Qwen 1, as its tokenization_qwen.py has it.
    private const string Pattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
        + @" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly string[] Texts =
    [
        "", "A fox saw a crow.", "  two  spaces ", "naïve café\nnext line\t.", "日本語 🙂",
        "unbelievableness 1234",
        "it's here, aaaaa aaaaaaa ababab", "the crow flew over the trees and the fox was happy",
    ];

    [Theory]
    [InlineData("QWenTokenizer", "qwen.tiktoken")]
    [InlineData("TikTokenTokenizer", "tiktoken.model")]
    public void Ids_OfAFileOfRanks_AreThoseOfTiktoken(string name, string file)
    {
        var ranks = Ranks();
        using var folder = Make(name, file, ranks);
        var tokenizer = TextTokenizer.FromFolder(folder.Path);

        // Words of one kind are cut alike by both patterns.
        Assert.All(Texts.Where(text => name[0] == 'Q' || !text.Any(IsCutOtherwise)), text => Assert.Equal(
            Encode(text.Normalize(), ranks, name[0] == 'Q' ? Pattern : Pattern.Replace(@"|\p{N}|", @"|\p{N}{1,3}|")),
            tokenizer.Encode(text)));
    }

    [Fact]
    public void SpecialTokens_OfTheFirstQwen_FollowTheRanks()
    {
        var ranks = Ranks();
        using var folder = Make("QWenTokenizer", "qwen.tiktoken", ranks);
        var tokenizer = TextTokenizer.FromFolder(folder.Path);

        Assert.Equal(
            [ranks.Count, ranks.Count + 1, ranks.Count + 2, ranks.Count + 3, ranks.Count + 207],
            tokenizer.Encode("<|endoftext|><|im_start|><|im_end|><|extra_0|><|extra_204|>"));
    }

    [Fact]
    public void SpecialTokens_OfKimi_AreThoseOfItsFileAndReservedOnes()
    {
        var ranks = Ranks();
        using var folder = Make("TikTokenTokenizer", "tiktoken.model", ranks);
        var tokenizer = TextTokenizer.FromFolder(folder.Path);

        Assert.Equal(
            [ranks.Count + 2, ranks.Count + 5],
            tokenizer.Encode($"<|im_end|><|reserved_token_{ranks.Count + 5}|>"));
    }

    [Theory]
    [InlineData("QQ== x")]
    [InlineData("? 3")]
    [InlineData("QQ== 3")]
    [InlineData("QQ== 0\nQQ== 1")]
    public void AFileThatIsNoneOfRanks_IsRefusedByName(string line) => Assert.Contains(
        "qwen.tiktoken",
        Assert.Throws<RefusedException>(() =>
        {
            using var folder = new TemporaryFolder();
            File.WriteAllText(folder.At("qwen.tiktoken"), line);
            File.WriteAllText(folder.At("tokenizer_config.json"), """{ "tokenizer_class": "QWenTokenizer" }""");
            OlderTokenizer.Describe(new FolderFiles(folder.Path));
        }).Message,
        StringComparison.Ordinal);

    [Fact]
    public void RanksOfAnUnknownClass_AreToldOf()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("tiktoken.model"), "QQ== 0");
        File.WriteAllText(folder.At("tokenizer_config.json"), """{ "tokenizer_class": "OtherTokenizer" }""");

        Assert.Null(OlderTokenizer.Describe(new FolderFiles(folder.Path)));
        Assert.Equal(
            "the tokenizer class 'OtherTokenizer' is not supported",
            OlderTokenizer.Unknown(new FolderFiles(folder.Path)));
    }

    private static bool IsCutOtherwise(char part) => part is '\'' || !char.IsAscii(part);

    // Every token of a byte-level tokenizer as its bytes.
    private static Dictionary<string, int> Ranks()
    {
        var vocabulary = JsonNode.Parse(File.ReadAllText(
            RepositoryRoot.At("tests", "data", "checkpoints", "stories-gpt2", "tokenizer.json")))!["model"]!["vocab"]!;
        var bytes = Enumerable.Range(0, 256).Select(part => (char)part).ToList();
        var kept = bytes.Where(part => part is >= '!' and <= '~' or >= '¡' and <= '¬' or >= '®').ToList();
        var others = bytes.Except(kept).Select((part, i) => (Shown: (char)(256 + i), Byte: part));
        var map = kept.Select(part => (Shown: part, Byte: part)).Concat(others)
            .ToDictionary(pair => pair.Shown, pair => pair.Byte);
        var tokens = vocabulary.AsObject().OrderBy(entry => (int)entry.Value!)
            .Where(entry => entry.Key.All(map.ContainsKey) && !entry.Key.StartsWith("<|", StringComparison.Ordinal))
            .Select(entry => string.Concat(entry.Key.Select(part => map[part])));
        return bytes.Select(part => part.ToString()).Concat(tokens).Distinct()
            .Select((token, rank) => (token, rank)).ToDictionary(entry => entry.token, entry => entry.rank);
    }

    private static List<int> Encode(string text, Dictionary<string, int> ranks, string pattern) =>
        [.. Regex.Matches(text, pattern).SelectMany(piece =>
        {
            var bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(piece.Value));
            var parts = bytes.Select(part => part.ToString()).ToList();
            if (ranks.TryGetValue(bytes, out var whole))
            {
                return [whole];
            }

            while (parts.Count > 1)
            {
                var (rank, at) = Enumerable.Range(0, parts.Count - 1)
                    .Select(i => (ranks.GetValueOrDefault(parts[i] + parts[i + 1], int.MaxValue), i))
                    .DefaultIfEmpty((int.MaxValue, 0)).Min();
                if (rank == int.MaxValue)
                {
                    break;
                }

                parts[at] += parts[at + 1];
                parts.RemoveAt(at + 1);
            }

            return parts.Select(part => ranks[part]);
        })];

    private static TemporaryFolder Make(string name, string file, Dictionary<string, int> ranks)
    {
        var folder = new TemporaryFolder();
        File.WriteAllLines(folder.At(file), ranks.Select(
            entry => $"{Convert.ToBase64String(Encoding.Latin1.GetBytes(entry.Key))} {entry.Value}"));
        File.WriteAllText(folder.At("config.json"), $$"""{ "vocab_size": {{ranks.Count + 256}} }""");
        File.WriteAllText(folder.At("tokenizer_config.json"), $$"""
            { "tokenizer_class": "{{name}}", "added_tokens_decoder": {
              "{{ranks.Count + 2}}": { "content": "<|im_end|>", "special": true } } }
            """);
        File.WriteAllBytes(
            folder.At("tokenizer.json"), new CompletedFiles(new FolderFiles(folder.Path)).Find("tokenizer.json")!);
        return folder;
    }
}
