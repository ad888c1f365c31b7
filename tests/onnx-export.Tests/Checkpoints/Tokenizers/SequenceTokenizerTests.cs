using System.Text;
using System.Text.Json.Nodes;
using Stip.Client.Tokenization;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.Onnx;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints.Tokenizers;

/// <summary>Tokenizers of encoders with decoders, of folders without a tokenizer.json: ids of SentencePiece, numbered
/// and framed as the classes of the published models do.</summary>
public sealed class SequenceTokenizerTests
{
    private const string XlmRoberta = "sentencepiece-xlm-roberta";

    [Theory]
    [InlineData("sentencepiece-marian")]
    [InlineData("sentencepiece-nllb")]
    [InlineData("sentencepiece-m2m100")]
    public void IdsAndTexts_OfATranslator_AreThoseOfSentencePiece(string name)
    {
        var tokenizer = Tokenizer(Files(name));
        var golden = Golden(name);

        Assert.All(golden["cases"]!.AsArray(), @case =>
        {
            var ids = Ids(@case!);
            var own = (string?)@case!["language"] is { } language ? tokenizer.InLanguage(language) : tokenizer;
            Assert.Equal(ids, own.Encode((string)@case["text"]!, addSpecialTokens: true));

            // Spaces beside what was unknown, and is left out, are the first and last ones of some; the classes trim.
            Assert.Equal(((string)@case["decoded"]!).Trim(), tokenizer.Decode(ids).Trim());
        });
        Assert.All(golden["answers"]?.AsArray() ?? [], answer =>
            Assert.Equal((string)answer!["decoded"]!, tokenizer.Decode(Ids(answer))));
    }

    // Patterns that begin anew at every space of a run would not end.
    [Fact]
    public void Ids_OfATextOfManySpaces_AreThoseOfItsWords()
    {
        var tokenizer = Tokenizer(Files("sentencepiece-marian"));
        var spaces = new string(' ', 300_000);

        Assert.Equal(tokenizer.Encode("a a"), tokenizer.Encode($"{spaces}a{spaces}a{spaces}"));
        Assert.Equal(tokenizer.Encode("a"), tokenizer.Encode($"a{new string('\u2581', 300_000)}"));
    }

    // As many tokens before the pieces as XLM-R has, of which it has the model.
    [Theory]
    [InlineData("MBartTokenizer", "en_XX", 3, false)]
    [InlineData("MBartTokenizer", "ro_RO", 19, false)]
    [InlineData("MBart50Tokenizer", "sl_SI", 51, true)]
    public void Ids_OfMbart_AreThoseOfXlmRobertaInAnotherFrame(string name, string language, int place, bool isFirst)
    {
        var files = Files(XlmRoberta, $$"""{ "tokenizer_class": "{{name}}", "src_lang": "{{language}}" }""");
        var tokenizer = Tokenizer(files);
        var id = SentencePieceModel.Read("model", files.Find("sentencepiece.bpe.model")!).Tokens.Count + 1 + place;

        Assert.Equal(id, tokenizer.LanguageId(language));
        Assert.Equal(id + (isFirst ? 52 : 25) - place, tokenizer.TokenId("<mask>"));
        Assert.All(Golden(XlmRoberta)["cases"]!.AsArray(), @case =>
        {
            int[] bare = [.. Ids(@case!)[1..^1]];
            Assert.Equal(
                isFirst ? [id, .. bare, 2] : [.. bare, 2, id],
                tokenizer.Encode((string)@case!["text"]!, addSpecialTokens: true));
        });
    }

    // JSON's order says nothing.
    [Fact]
    public void Languages_OfNllbThatAreNumbered_StandInTheOrderOfTheirNumbers()
    {
        var tokenizer = Tokenizer(Files("sentencepiece-nllb", """
            {
              "tokenizer_class": "NllbTokenizer",
              "src_lang": "fra_Latn",
              "added_tokens_decoder": {
                "602": { "content": "zho_Hans" }, "x": { "content": "deu_Latn" }, "65": { "content": "fra_Latn" }
              }
            }
            """));

        Assert.Equal(["fra_Latn", "zho_Hans", "deu_Latn"], tokenizer.Languages.Take(3));
    }

    // The same pieces behind 103 tokens in place of two.
    [Fact]
    public void Ids_OfPegasus_AreThoseOfT5MovedBy103()
    {
        var tokenizer = Tokenizer(
            Files("sentencepiece-t5", """{ "tokenizer_class": "PegasusTokenizer", "offset": 103 }"""));

        Assert.Equal((3, 4, 104), (
            tokenizer.TokenId("<mask_2>"), tokenizer.TokenId("<unk_2>"), tokenizer.TokenId("<unk_102>")));
        Assert.All(Golden("sentencepiece-t5")["cases"]!.AsArray(), @case => Assert.Equal(
            Ids(@case!).Select(id => id == 1 ? 1 : id + 103),
            tokenizer.Encode((string)@case!["text"]!, addSpecialTokens: true)));
    }

    [Fact]
    public void Ids_OfAMarianTextInALanguage_BeginWithIt()
    {
        var tokenizer = Tokenizer(Files("sentencepiece-marian"));

        Assert.Equal(["deu", "fra"], tokenizer.Languages);
        Assert.Equal(
            tokenizer.Encode(">>fra<<Hello", addSpecialTokens: true),
            tokenizer.InLanguage("fra").Encode("Hello", addSpecialTokens: true));
    }

    [Fact]
    public void InLanguage_OfNone_NamesThoseThatThereAre() => Assert.Contains(
        "there is no language 'eng_Latin'; there are ace_Arab, deu_Latn, eng_Latn, fra_Latn, zho_Hans",
        Assert.Throws<ArgumentException>(() =>
            Tokenizer(Files("sentencepiece-nllb")).InLanguage("eng_Latin")).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("sentencepiece-marian", """{ "separate_vocabs": true, "tokenizer_class": "MarianTokenizer" }""",
        "separate_vocabs is true")]
    [InlineData("sentencepiece-m2m100", """{ "tokenizer_class": "M2M100Tokenizer", "src_lang": "xx" }""",
        "src_lang is 'xx', which is none of")]
    [InlineData("sentencepiece-t5", """{ "tokenizer_class": "PegasusTokenizer", "offset": 0 }""",
        "offset is 0; it must be 103")]
    [InlineData(XlmRoberta, """{ "tokenizer_class": "NllbTokenizer" }""",
        "the source language is 'eng_Latn', which is none of the 0 languages")]
    public void AClassWithWhatIsNotKnown_IsRefusedByName(string name, string config, string reason) => Assert.Contains(
        reason,
        Assert.Throws<RefusedException>(() => OlderTokenizer.Describe(Files(name, config))).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("""{ "tokenizer_class": "XGLMTokenizer" }""", "the tokenizer class 'XGLMTokenizer' is not supported")]
    [InlineData("{}", "no file says which class the tokenizer is")]
    public void AClassThatIsNotKnown_IsNamed(string config, string reason)
    {
        var files = Files(XlmRoberta, config);

        Assert.Null(OlderTokenizer.Describe(files));
        Assert.Equal(reason, OlderTokenizer.Unknown(files));
    }

    [Theory]
    [InlineData("""{ "decoder_start_token_id": 7, "pad_token_id": 7 }""", null,
        """{"decoder_start_token_id":7,"pad_token_id":7}""")]
    [InlineData("""{ "decoder_start_token_id": 7 }""", """{"eos_token_id":1}""",
        """{"eos_token_id":1,"decoder_start_token_id":7}""")]
    [InlineData("""{ "decoder_start_token_id": 7 }""", """{"decoder_start_token_id":2}""",
        """{"decoder_start_token_id":2}""")]
    [InlineData("""{ "eos_token_id": 7 }""", null, null)]

    // Of equal names the last counts; what cannot be read is passed on as it is.
    [InlineData("""{ "decoder_start_token_id": 7, "decoder_start_token_id": 8 }""", null,
        """{"decoder_start_token_id":8}""")]
    [InlineData("""{ "decoder_start_token_id": 7 }""", """{"eos_token_id":1,"eos_token_id":2}""",
        """{"eos_token_id":2,"decoder_start_token_id":7}""")]
    [InlineData("""{ "decoder_start_token_id": 7 }""", """{"eos_token_id":1""", """{"eos_token_id":1""")]
    [InlineData("""{ "decoder_start_token_id": 7 """, """{"eos_token_id":1}""", """{"eos_token_id":1}""")]
    [InlineData("""{ "decoder_start_token_id": 7 }""", "[1]", "[1]")]
    public void Generation_OfAFolder_HasTheFirstTokenThatConfigJsonNames(string config, string? own, string? expected)
    {
        var files = new Dictionary<string, string> { ["config.json"] = config };
        if (own is not null)
        {
            files["generation_config.json"] = own;
        }

        var made = new CompletedFiles(new GivenFiles(files)).Find("generation_config.json");

        Assert.Equal(expected, made is null ? null : Encoding.UTF8.GetString(made));
    }

    private static JsonNode Golden(string name) => JsonNode.Parse(File.ReadAllText(At(name, "golden.json")))!;

    private static int[] Ids(JsonNode @case) => [.. @case["ids"]!.AsArray().Select(id => (int)id!)];

    // M2M100's pieces are NLLB's here, numbered otherwise.
    private static GivenFiles Files(string name, string? config = null)
    {
        var files = new Dictionary<string, string>();
        var isNumbered = name == "sentencepiece-m2m100";
        if (isNumbered)
        {
            files["tokenizer_config.json"] = File.ReadAllText(At(name, "tokenizer_config.json"));
            files["vocab.json"] = File.ReadAllText(At(name, "vocab.json"));
        }

        if (config is not null)
        {
            files["tokenizer_config.json"] = config;
        }

        return new GivenFiles(files, isNumbered ? "sentencepiece-nllb" : name);
    }

    private static string At(string name, string file) => RepositoryRoot.At("tests", "data", "tokenizers", name, file);

    private static TextTokenizer Tokenizer(ISmallFiles files)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.At("tokenizer.json"), OlderTokenizer.Describe(files)!);
        return TextTokenizer.FromFolder(folder.Path);
    }

    private sealed class GivenFiles(Dictionary<string, string> texts, string? rest = null) : ISmallFiles
    {
        public byte[]? Find(string name) => texts.TryGetValue(name, out var text) ? Encoding.UTF8.GetBytes(text)
            : rest is null ? null
            : new FolderFiles(At(rest, "")).Find(name);
    }
}
