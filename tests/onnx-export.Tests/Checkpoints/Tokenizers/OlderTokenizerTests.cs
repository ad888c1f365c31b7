using System.Text;
using System.Text.Json.Nodes;
using Stip.Client.Tokenization;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.Onnx;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints.Tokenizers;

/// <summary>What older folders have, against goldens of other tools and the tokenizer.json of the same model.</summary>
public sealed class OlderTokenizerTests
{
    private static readonly string[] Texts =
    [
        "", "A fox saw a crow.", "  two  spaces ", "naïve café\nnext line\t.", "日本語 🙂", "unbelievableness 1234",
        "it's [MASK] here", "[SEP] and <|endoftext|>",
    ];

    [Theory]
    [InlineData("sentencepiece-bpe")]
    [InlineData("sentencepiece-t5")]
    [InlineData("sentencepiece-xlm-roberta")]
    [InlineData("sentencepiece-albert")]
    [InlineData("sentencepiece-deberta-v2")]
    public void Ids_OfASentencePieceModel_AreThoseOfSentencePiece(string name)
    {
        var folder = RepositoryRoot.At("tests", "data", "tokenizers", name);
        var golden = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "golden.json")))!;
        using var made = Complete(new FolderFiles(folder));
        var tokenizer = TextTokenizer.FromFolder(made.Path);

        Assert.All(golden["cases"]!.AsArray(), @case => Assert.Equal(
            @case!["ids"]!.AsArray().Select(id => (int)id!),
            tokenizer.Encode((string)@case["text"]!, addSpecialTokens: true)));
    }

    // The same pieces as XLM-R's, under other ids.
    [Fact]
    public void Ids_OfACamembertModel_AreThoseOfSentencePieceMovedByFour()
    {
        using var folder = new TemporaryFolder();
        var given = RepositoryRoot.At("tests", "data", "tokenizers", "sentencepiece-camembert");
        File.Copy(Path.Combine(given, "tokenizer_config.json"), folder.At("tokenizer_config.json"));
        File.Copy(
            RepositoryRoot.At("tests", "data", "tokenizers", "sentencepiece-xlm-roberta", "sentencepiece.bpe.model"),
            folder.At("sentencepiece.bpe.model"));
        using var made = Complete(new FolderFiles(folder.Path));
        var tokenizer = TextTokenizer.FromFolder(made.Path);

        var golden = JsonNode.Parse(File.ReadAllText(Path.Combine(given, "golden.json")))!;
        Assert.All(golden["cases"]!.AsArray(), @case => Assert.Equal(
            @case!["ids"]!.AsArray().Select(id => (int)id!),
            tokenizer.Encode((string)@case["text"]!, addSpecialTokens: true)));
    }

    // Run by hand: tokenizers that may not be copied into this repository.
    [Theory]
    [InlineData("bert-base-uncased", "bert")]
    [InlineData("gpt2", "gpt2")]
    [InlineData("qwen3", "qwen3")]
    public void Ids_OfAFetchedFolderWithoutItsTokenizerJson_AreThoseOfTheLibraryOfItsAuthors(string name, string model)
    {
        var root = FetchedFixtures.Folder;
        Assert.SkipWhen(root is null, FetchedFixtures.Missing);
        var folder = Path.Combine(root!, "tokenizers", name);
        var files = new Dictionary<string, string> { ["config.json"] = $$"""{ "model_type": "{{model}}" }""" };
        foreach (var file in new[] { "vocab.txt", "vocab.json", "merges.txt", "tokenizer_config.json" }
            .Where(file => File.Exists(Path.Combine(folder, file))))
        {
            files[file] = File.ReadAllText(Path.Combine(folder, file));
        }

        using var made = Complete(new GivenFiles(files));
        if (files.TryGetValue("tokenizer_config.json", out var config))
        {
            File.WriteAllText(made.At("tokenizer_config.json"), config);
        }

        var tokenizer = TextTokenizer.FromFolder(made.Path);
        var golden = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "golden.json")))!;

        Assert.All(golden["cases"]!.AsArray(), @case => Assert.Equal(
            @case!["ids_with_special"]!.AsArray().Select(id => (int)id!),
            tokenizer.Encode((string)@case["text"]!, addSpecialTokens: true)));
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    public void Prefix_OfATextAfterAToken_IsThatOfTheClass(bool legacy, int spaces)
    {
        var folder = RepositoryRoot.At("tests", "data", "tokenizers", "sentencepiece-bpe");
        using var made = Complete(new GivenFiles(new Dictionary<string, string>
        {
            ["tokenizer_config.json"] = legacy
                ? """{ "tokenizer_class": "LlamaTokenizer" }"""
                : """{ "tokenizer_class": "LlamaTokenizer", "legacy": false }""",
        }, new FolderFiles(folder)));
        var tokenizer = TextTokenizer.FromFolder(made.Path);

        Assert.Equal(spaces, tokenizer.Encode("q<sep>q").Count(id => tokenizer.TokenText(id) == "\u2581"));
    }

    [Fact]
    public void Ids_OfVocabTxt_AreThoseOfTheTokenizerJsonOfTheModel()
    {
        var folder = RepositoryRoot.At("tests", "data", "checkpoints", "stories-bert");
        var lines = Vocabulary(folder).OrderBy(entry => entry.Id).Select(entry => entry.Token);

        // Lines may end as other systems end them.
        AssertSame(folder, new Dictionary<string, string>
        {
            ["vocab.txt"] = string.Join("\r\n", lines),
            ["tokenizer_config.json"] = """{ "tokenizer_class": "BertTokenizer", "do_lower_case": true }""",
        });
    }

    // Questions and the texts that answer them.
    [Theory]
    [InlineData("sentencepiece-xlm-roberta", "<s> A </s> </s> B </s>", 0)]
    [InlineData("sentencepiece-albert", "[CLS] A [SEP] B [SEP]", 1)]
    [InlineData("sentencepiece-deberta-v2", "[CLS] A [SEP] B [SEP]", 1)]
    [InlineData("sentencepiece-t5", "A </s> B </s>", 0)]
    public void Pairs_OfASentencePieceModel_AreFramedAsTheClassDoes(string name, string expected, int secondType) =>
        AssertPair(new FolderFiles(RepositoryRoot.At("tests", "data", "tokenizers", name)), expected, secondType);

    [Theory]
    [InlineData("RobertaTokenizer", "<s>", "</s>", "<s> A </s> </s> B </s>", 0)]
    [InlineData("DebertaTokenizer", "[CLS]", "[SEP]", "[CLS] A [SEP] B [SEP]", 1)]
    public void Pairs_OfVocabularyAndMerges_AreFramedAsTheClassDoes(
        string name, string first, string last, string expected, int secondType) => AssertPair(
        new GivenFiles(new Dictionary<string, string>
        {
            ["vocab.json"] = $$"""{ "{{first}}": 0, "{{last}}": 1, "a": 2 }""",
            ["merges.txt"] = "",
            ["tokenizer_config.json"] = $$"""{ "tokenizer_class": "{{name}}" }""",
        }),
        expected,
        secondType);

    [Theory]
    [InlineData("BertTokenizer", "[CLS] A [SEP] B [SEP]", 1)]
    [InlineData("MPNetTokenizer", "[CLS] A [SEP] [SEP] B [SEP]", 0)]
    public void Pairs_OfVocabTxt_AreFramedAsTheClassDoes(string name, string expected, int secondType) => AssertPair(
        new GivenFiles(new Dictionary<string, string>
        {
            ["vocab.txt"] = "[UNK]\n[CLS]\n[SEP]\na\n##b",
            ["tokenizer_config.json"] = $$"""{ "tokenizer_class": "{{name}}" }""",
        }),
        expected,
        secondType);

    [Fact]
    public void Ids_OfVocabularyAndMerges_AreThoseOfTheTokenizerJsonOfTheModel()
    {
        var folder = RepositoryRoot.At("tests", "data", "checkpoints", "stories-gpt2");
        var model = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json")))!["model"]!;
        var merges = model["merges"]!.AsArray().Select(merge => merge is JsonArray pair
            ? $"{pair[0]} {pair[1]}"
            : (string)merge!);

        AssertSame(folder, new Dictionary<string, string>
        {
            ["vocab.json"] = model["vocab"]!.ToJsonString(),
            ["merges.txt"] = string.Join('\n', merges.Prepend("#version: 0.2")),
            ["config.json"] = """{ "model_type": "gpt2" }""",
        });
    }

    [Fact]
    public void TokenizerJson_ThatIsThere_IsTaken() => Assert.Equal(
        "here", Encoding.UTF8.GetString(new CompletedFiles(new GivenFiles(new Dictionary<string, string>
        {
            ["tokenizer.json"] = "here",
            ["vocab.txt"] = "[UNK]\n##a",
        })).Find("tokenizer.json")!));

    [Fact]
    public void AClassThatCutsTextInItsOwnWay_GetsNone() => Assert.Null(
        OlderTokenizer.Describe(new GivenFiles(new Dictionary<string, string>
        {
            ["vocab.txt"] = "[UNK]\n##a",
            ["tokenizer_config.json"] = """{ "tokenizer_class": "EsmTokenizer" }""",
        })));

    [Theory]
    [InlineData("ChatGLM4Tokenizer", false)]
    [InlineData("GPTSw3Tokenizer", false)]
    [InlineData("Ernie4_5_Tokenizer", true)]
    public void AClassOfBytePairs_IsTakenWhereItsWayIsKnown(string name, bool isKnown)
    {
        var folder = RepositoryRoot.At("tests", "data", "tokenizers", "sentencepiece-bpe");
        var made = OlderTokenizer.Describe(new GivenFiles(new Dictionary<string, string>
        {
            ["tokenizer_config.json"] = $$"""{ "tokenizer_class": "{{name}}" }""",
        }, new FolderFiles(folder)));

        Assert.Equal(isKnown, made is not null);
        Assert.DoesNotContain(
            "\"SpecialToken\"", Encoding.UTF8.GetString(made ?? []), StringComparison.Ordinal);
    }

    [Fact]
    public void AddedTokens_BeyondVocabTxt_AreKeptWhereTheModelHasRows()
    {
        var made = OlderTokenizer.Describe(new GivenFiles(new Dictionary<string, string>
        {
            ["vocab.txt"] = "[UNK]\n[CLS]\n[SEP]\na\n##b",
            ["added_tokens.json"] = """{ "[NEW]": 5, "[BEYOND]": 6 }""",
            ["config.json"] = """{ "model_type": "bert", "vocab_size": 6 }""",
        }));
        var added = JsonNode.Parse(made!)!["added_tokens"]!.AsArray();

        Assert.Contains(added, token => (string)token!["content"]! == "[NEW]" && (int)token["id"]! == 5);
        Assert.DoesNotContain(added, token => (string)token!["content"]! == "[BEYOND]");
    }

    [Fact]
    public void AModelThatIsNone_LeavesTheFolderWithout() => Assert.Null(new CompletedFiles(new GivenFiles(
        new Dictionary<string, string>
        {
            ["tokenizer.model"] = "version https://git-lfs",
            ["config.json"] = """{ "model_type": "llama" }""",
        })).Find("tokenizer.json"));

    [Fact]
    public void AModelThatIsNone_IsRefusedByName()
    {
        var fault = Assert.Throws<RefusedException>(() => OlderTokenizer.Describe(new GivenFiles(
            new Dictionary<string, string> { ["tokenizer.model"] = "version https://git-lfs" })));

        Assert.Contains("tokenizer.model is not a SentencePiece model", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnIdBeyondEveryVocabulary_IsRefused()
    {
        var fault = Assert.Throws<RefusedException>(() => OlderTokenizer.Describe(new GivenFiles(
            new Dictionary<string, string>
            {
                ["vocab.json"] = """{ "a": 99999999999 }""",
                ["merges.txt"] = "",
                ["config.json"] = """{ "model_type": "gpt2" }""",
            })));

        Assert.Contains("an id is 2147483647", fault.Message, StringComparison.Ordinal);
    }

    private static void AssertSame(string folder, Dictionary<string, string> older)
    {
        using var made = Complete(new GivenFiles(older));
        var (expected, actual) = (TextTokenizer.FromFolder(folder), TextTokenizer.FromFolder(made.Path));

        Assert.All(Texts, text => Assert.Equal(
            expected.Encode(text, addSpecialTokens: true), actual.Encode(text, addSpecialTokens: true)));
    }

    private static void AssertPair(ISmallFiles files, string expected, int secondType)
    {
        var parts = JsonNode.Parse(OlderTokenizer.Describe(files)!)!["post_processor"]!["pair"]!.AsArray()
            .Select(part => part!.AsObject().Single().Value!).ToList();

        Assert.Equal(expected, string.Join(' ', parts.Select(part => (string)part["id"]!)));
        Assert.Equal(
            [secondType, secondType],
            parts.Skip(parts.FindIndex(part => (string)part["id"]! == "B")).Select(part => (int)part["type_id"]!));
    }

    private static TemporaryFolder Complete(ISmallFiles files)
    {
        var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.At("tokenizer.json"), new CompletedFiles(files).Find("tokenizer.json")!);
        return folder;
    }

    private static IEnumerable<(string Token, int Id)> Vocabulary(string folder) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json")))!["model"]!["vocab"]!.AsObject()
            .Select(entry => (entry.Key, (int)entry.Value!));

    private sealed class GivenFiles(Dictionary<string, string> texts, ISmallFiles? rest = null) : ISmallFiles
    {
        public byte[]? Find(string name) =>
            texts.TryGetValue(name, out var text) ? Encoding.UTF8.GetBytes(text) : rest?.Find(name);
    }
}
