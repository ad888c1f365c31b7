using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Gguf;
using Stip.Export.Checkpoints.Gguf.Tokenizer;
using Stip.Onnx;
using Stip.TestKit;
using Stip.TestKit.Gguf;

namespace Stip.Export.Tests.Checkpoints.Gguf;

public sealed class GgufTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Tokenizer_OfAFile_EqualsThatOfTheSameModelsFolder()
    {
        using var checkpoint = Checkpoint.Open(
            RepositoryRoot.At("tests", "data", "checkpoints", "stories-gguf", "stories-Q4_0.gguf"), randomSeed: null);
        var made = Parse(checkpoint.Files.Find("tokenizer.json")!);
        var known = Parse(File.ReadAllBytes(Path.Combine(KnownCheckpoints.Folder("stories"), "tokenizer.json")));

        foreach (var field in new[] { "normalizer", "pre_tokenizer", "decoder", "added_tokens", "model" })
        {
            Assert.True(JsonNode.DeepEquals(known[field], made[field]), field);
        }
    }

    [Fact]
    public void SmallFiles_OfAFile_CarryTemplateAndEnds()
    {
        using var checkpoint = Checkpoint.Open(
            RepositoryRoot.At("tests", "data", "checkpoints", "stories-gguf", "stories-Q4_0.gguf"), randomSeed: null);
        var known = Parse(File.ReadAllBytes(
            Path.Combine(KnownCheckpoints.Folder("stories"), "tokenizer_config.json")));

        var config = Parse(checkpoint.Files.Find("tokenizer_config.json")!);
        Assert.Equal($"{known["chat_template"]}", $"{config["chat_template"]}");
        Assert.Equal("<|endoftext|>", $"{config["eos_token"]}");
        var tokens = SpecialTokens.Read(checkpoint);
        Assert.Equal(0, tokens.Bos);
        Assert.Equal([0, 4], tokens.Eos);
    }

    // In gpt-oss's answers it stands between analysis and answer.
    [Theory]
    [InlineData("<|return|>", "<|call|>")]
    [InlineData("<|flush|>", "<|calls|>")]
    public void Ends_OfAModelThatWritesSeveralMessages_DoNotHoldTheEndOfOne(string turn, string call)
    {
        GgufVocabulary vocabulary = new(
            ["<|endoftext|>", turn, "<|end|>", call, "a"],
            [.. Enumerable.Repeat(GgufTokenType.Control, 4), GgufTokenType.Normal]);

        var ends = vocabulary.Ends(new GgufMetadata("a.gguf", new Dictionary<string, object>
        {
            ["tokenizer.ggml.eos_token_id"] = 1L,
            ["tokenizer.ggml.eot_token_id"] = 2L,
        }));

        Assert.Equal([0, 1, 3], ends.Order());
    }

    [Theory]
    [InlineData("<|end|>", GgufTokenType.Control, true)] // Phi-3
    [InlineData("[EOT]", GgufTokenType.Control, true)]
    [InlineData("<end_of_utterance>", GgufTokenType.UserDefined, true)]
    [InlineData("[EOT]", GgufTokenType.Normal, false)]
    [InlineData("</s>", GgufTokenType.Control, true)]
    [InlineData("</s>", GgufTokenType.UserDefined, false)] // markup in Gemma's vocabulary
    [InlineData("<eos>", GgufTokenType.Control, true)]
    [InlineData("[EOS]", GgufTokenType.Control, true)]
    [InlineData("<|file_sep|>", GgufTokenType.UserDefined, true)]
    [InlineData("<|fim_pad|>", GgufTokenType.Control, true)]
    public void Ends_OfAFileThatNamesNone_AreTokensThatEndTurns(string text, object type, bool ends) => Assert.Equal(
        ends,
        new GgufVocabulary(["a", text], [GgufTokenType.Normal, (GgufTokenType)type])
            .Ends(new GgufMetadata("a.gguf", new Dictionary<string, object>())).Contains(1));

    [Fact]
    public void Merges_OfScoredTokens_TakeTheBestScoreFirst()
    {
        var tokenizer = Make(SentencePiece("llama", "ab", -2f, "abc", -1f, "bc", -3f));

        Assert.Equal("""[["a","bc"],["ab","c"],["a","b"],["b","c"]]""", tokenizer["model"]!["merges"]!.ToJsonString());
        Assert.True((bool)tokenizer["model"]!["byte_fallback"]!);
        Assert.Equal("<unk>", $"{tokenizer["model"]!["unk_token"]}");
        Assert.Equal("<s>", $"{tokenizer["post_processor"]!["single"]![0]!["SpecialToken"]!["id"]}");
    }

    [Fact]
    public void Tokenizer_WithoutSpacePrefix_AddsNone()
    {
        var tokenizer = Make(SentencePiece("llama", "ab", -2f).Add("tokenizer.ggml.add_space_prefix", false));

        var steps = tokenizer["normalizer"]!["normalizers"]!.AsArray();
        Assert.Equal(["Replace"], steps.Select(step => $"{step!["type"]}"));
    }

    [Theory]
    [InlineData("gpt-2", """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}""")]
    [InlineData("smollm", @"""Regex"":""\\p{N}""")]
    [InlineData("llama-bpe", @"\\p{N}{1,3}|")]
    [InlineData("qwen2", @"\\p{L}\u002B|\\p{N}|")]
    [InlineData("tekken", @"\\p{Lu}")]
    public void PreTokenizer_OfAName_IsThatOfItsModels(string name, string part) => Assert.Contains(
        part, Make(ByteLevel(name))["pre_tokenizer"]!.ToJsonString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("tokenizer.ggml.pre 'strange' is not known; there are a.x-4.0, afmoe", "gpt2", "strange")]
    [InlineData(
        "tokenizer.ggml.model 'rwkv' is not supported; there are gpt2, llama, bert, t5 and none", "rwkv", "gpt-2")]
    public void Tokenizer_OfAnUnknownKind_IsRefusedByName(string reason, string model, string pre)
    {
        var refused = Assert.Throws<RefusedException>(() => Make(ByteLevel(pre, model)));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\u2581ab", true)]
    [InlineData("\u2581Ab", false)]
    public void WordPiece_OfAFile_MarksWhatGoesOn(string word, bool isLowercase)
    {
        var tokenizer = Make(WordPiece(word));

        Assert.Equal(4, (int)tokenizer["model"]!["vocab"]![word[1..]]!);
        Assert.Equal(5, (int)tokenizer["model"]!["vocab"]!["##c"]!);
        Assert.Equal(isLowercase, (bool)tokenizer["normalizer"]!["lowercase"]!);
        var steps = tokenizer["post_processor"]!["single"]!.AsArray();
        Assert.Equal(["[CLS]", "A", "[SEP]"], steps.Select(
            step => $"{(step!["SpecialToken"] ?? step["Sequence"])!["id"]}"));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void WordPiece_OfAFileThatSaysHowWordsAreBrought_DoesSo(bool lowers, bool strips)
    {
        var normalizer = Make(WordPiece("\u2581ab")
            .Add("tokenizer.ggml.normalizer.lowercase", lowers)
            .Add("tokenizer.ggml.normalizer.strip_accents", strips))["normalizer"]!;

        Assert.Equal(lowers, (bool)normalizer["lowercase"]!);
        Assert.Equal(strips, (bool)normalizer["strip_accents"]!);
    }

    // The second text of a pair was left out.
    [Fact]
    public void Pairs_OfAFile_HoldBothTexts()
    {
        AssertPair("A B", ByteLevel("gpt-2"));
        AssertPair("<s> A <s> B", SentencePiece("llama", "ab", -2f));
        AssertPair("A <s> B <s>", SentencePiece("t5", "ab", -2f).Add("tokenizer.ggml.eos_token_id", 1));
        AssertPair(
            "<s> A <s> <s> B <s>",
            SentencePiece("t5", "ab", -2f).Add("tokenizer.ggml.eos_token_id", 1)
                .Add("tokenizer.ggml.add_bos_token", true));
        AssertPair("[CLS] A [SEP] B [SEP]", WordPiece("\u2581ab"));
    }

    [Fact]
    public void Template_OfAFileWithOneForTools_IsAListOfBoth()
    {
        var writer = ByteLevel("gpt-2").Add("tokenizer.chat_template", "plain")
            .Add("tokenizer.chat_templates", new[] { "tool_use", "rag" })
            .Add("tokenizer.chat_template.tool_use", "tools")
            .Add("tokenizer.chat_template.rag", "documents");

        Assert.Equal(
            """
            [{"name":"default","template":"plain"},{"name":"tool_use","template":"tools"},
             {"name":"rag","template":"documents"}]
            """.ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal),
            Make(writer, "tokenizer_config.json")["chat_template"]!.ToJsonString());
    }

    [Fact]
    public void Tokenizer_WithAnEndBeyondItsTokens_IsRefused() => Assert.Contains(
        "tokenizer.ggml.eos_token_id is 9; there are tokens 0..1",
        Assert.Throws<RefusedException>(() => Make(ByteLevel("gpt-2").Add("tokenizer.ggml.eos_token_id", 9))).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Unigram_WithAScoreThatIsNotFinite_IsRefused(float score) => Assert.Contains(
        "tokenizer.ggml.scores holds a number that is not finite",
        Assert.Throws<RefusedException>(() => Make(SentencePiece("t5", "ab", score))).Message,
        StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();

    private static GgufWriter ByteLevel(string pre, string model = "gpt2") => new GgufWriter()
        .Add("tokenizer.ggml.model", model)
        .Add("tokenizer.ggml.pre", pre)
        .Add("tokenizer.ggml.tokens", new[] { "a", "b" })
        .Add("tokenizer.ggml.merges", new[] { "a b" });

    private static GgufWriter SentencePiece(string model, params object[] tokensAndScores)
    {
        string[] own = [.. tokensAndScores.OfType<string>()];
        string[] all = ["<unk>", "<s>", "a", "b", "c", .. own];
        return new GgufWriter()
            .Add("tokenizer.ggml.model", model)
            .Add("tokenizer.ggml.tokens", all)
            .Add("tokenizer.ggml.scores", (float[])[0, 0, -9, -9, -9, .. tokensAndScores.OfType<float>()])
            .Add("tokenizer.ggml.token_type", (int[])[2, 3, 1, 1, 1, .. own.Select(_ => 1)])
            .Add("tokenizer.ggml.bos_token_id", 1);
    }

    private static GgufWriter WordPiece(string word) => new GgufWriter()
        .Add("tokenizer.ggml.model", "bert")
        .Add("tokenizer.ggml.tokens", new[] { "[PAD]", "[UNK]", "[CLS]", "[SEP]", word, "c" })
        .Add("tokenizer.ggml.token_type", (int[])[3, 3, 3, 3, 1, 1])
        .Add("tokenizer.ggml.unknown_token_id", 1)
        .Add("tokenizer.ggml.cls_token_id", 2)
        .Add("tokenizer.ggml.seperator_token_id", 3);

    private void AssertPair(string expected, GgufWriter writer) => Assert.Equal(
        expected,
        string.Join(' ', Make(writer)["post_processor"]!["pair"]!.AsArray()
            .Select(step => $"{(step!["SpecialToken"] ?? step["Sequence"])!["id"]}")));

    private static JsonObject Parse(byte[] json) => JsonSerializer.Deserialize<JsonObject>(json)!;

    private JsonObject Make(GgufWriter writer, string name = "tokenizer.json")
    {
        writer.Save(_folder.At("a.gguf"));
        using var file = GgufFile.Open(_folder.At("a.gguf"));
        return Parse(GgufTokenizerFiles.Make(file.Metadata)[name]);
    }
}
