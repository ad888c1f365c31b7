using System.Text;
using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints.Tokenizers;

/// <summary>Tokens that older folders add: only special ones are left out of what an answer shows.</summary>
public sealed class AddedTokensTests
{
    private const string Added = """{ "<think>": 5, "<|im_end|>": 6, "<|sys|>": 7 }""";

    private const string Named = """
        { "eos_token": { "content": "<|im_end|>" }, "additional_special_tokens": [{ "content": "<|sys|>" }] }
        """;

    public static TheoryData<string> Folders => ["vocab.json", "vocab.txt", "spiece.model", "source.spm"];

    [Theory]
    [MemberData(nameof(Folders))]
    public void AddedTokens_ThatNoFileNames_AreNotSpecial(string kind)
    {
        var added = Make(kind, ("added_tokens.json", Added), ("special_tokens_map.json", Named));

        Assert.False((bool)added["<think>"]["special"]!);
        Assert.True((bool)added["<|im_end|>"]["special"]!);
        Assert.True((bool)added["<|sys|>"]["special"]!);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void AddedTokens_ThatAreDescribed_AreAsDescribed(string kind)
    {
        var added = Make(kind, ("added_tokens.json", Added), ("tokenizer_config.json", $$$"""
            { {{{Class(kind)}}} "additional_special_tokens": ["<think>"], "added_tokens_decoder": {
                "5": { "content": "<think>", "special": false, "lstrip": true, "normalized": true },
                "6": { "content": "<|im_end|>", "special": true, "rstrip": true } } }
            """));

        Assert.False((bool)added["<think>"]["special"]!);
        Assert.True((bool)added["<think>"]["lstrip"]!);
        Assert.True((bool)added["<think>"]["normalized"]!);
        Assert.True((bool)added["<|im_end|>"]["special"]!);
        Assert.True((bool)added["<|im_end|>"]["rstrip"]!);
        Assert.False((bool)added["<|sys|>"]["special"]!);
    }

    [Theory]
    [InlineData("", 100)]
    [InlineData(""", "extra_ids": 7""", 7)]
    [InlineData(""", "extra_ids": 0""", 0)]
    public void Sentinels_OfT5_AreAsManyAsItsFolderSays(string extra, int count)
    {
        var added = Make(
            "spiece.model", ("tokenizer_config.json", $$"""{ "tokenizer_class": "T5Tokenizer"{{extra}} }"""));

        Assert.Equal(count, added.Keys.Count(token => token.StartsWith("<extra_id_", StringComparison.Ordinal)));
    }

    private static string Class(string kind) => kind switch
    {
        "vocab.json" => """ "tokenizer_class": "Qwen2Tokenizer", """,
        "vocab.txt" => """ "tokenizer_class": "BertTokenizer", """,
        "spiece.model" => """ "tokenizer_class": "T5Tokenizer", """,
        _ => """ "tokenizer_class": "MarianTokenizer", """,
    };

    private static Dictionary<string, JsonNode> Make(string kind, params IEnumerable<(string Name, string Text)> files)
    {
        var texts = new Dictionary<string, string>
        {
            ["tokenizer_config.json"] = $"{{{Class(kind).TrimEnd(' ', ',')}}}",
        };
        if (kind is "vocab.json" or "source.spm")
        {
            texts["vocab.json"] = """{ "</s>": 0, "<unk>": 1, "<pad>": 2, "a": 3, "b": 4 }""";
            texts["merges.txt"] = "";
        }

        if (kind == "vocab.txt")
        {
            texts[kind] = "[UNK]\n[CLS]\n[SEP]\na\n##b";
        }

        foreach (var (name, text) in files)
        {
            texts[name] = text;
        }

        var folder = RepositoryRoot.At(
            "tests", "data", "tokenizers", kind == "source.spm" ? "sentencepiece-marian" : "sentencepiece-t5");
        var made = OlderTokenizer.Describe(new Given(texts, kind, new FolderFiles(folder)));
        return JsonNode.Parse(made!)!["added_tokens"]!.AsArray().GroupBy(token => (string)token!["content"]!)
            .ToDictionary(tokens => tokens.Key, tokens => tokens.Last()!);
    }

    private sealed class Given(Dictionary<string, string> texts, string kind, ISmallFiles rest) : ISmallFiles
    {
        public byte[]? Find(string name) => texts.TryGetValue(name, out var text) ? Encoding.UTF8.GetBytes(text)
            : name == kind ? rest.Find(name) : null;
    }
}
