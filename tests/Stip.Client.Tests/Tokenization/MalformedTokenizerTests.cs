using Stip.Client.Tokenization;
using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization;

public sealed class MalformedTokenizerTests
{
    private const string Byte = """{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}""";

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("{\"model\":", "JSON")]
    [InlineData("[]", "'model' is missing")]
    [InlineData("{}", "'model' is missing")]
    [InlineData("""{"model":{"type":"Unigram","unk_id":0,"vocab":[]}}""", "'unk_id' is 0")]
    [InlineData("""{"model":{"type":"Unigram","unk_id":0,"vocab":[["a"]]}}""", "pairs of a piece and a score")]
    [InlineData("""{"model":{"type":"Magic","vocab":{}}}""", "'Magic' is not supported")]
    [InlineData("""{"model":{"type":"BPE","vocab":[],"merges":[]}}""", "'vocab' is Array")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}""", "outside 0 to")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":2000000000},"merges":[]}}""", "outside 0 to")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}""", "merge 0")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[7]}}""", "merge 0")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"x"}}""", "unknown token")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}}""", "'dropout' is 0.1")]
    [InlineData("""{"model":{"type":"WordPiece","vocab":{"a":0}}}""", "'unk_token' is missing")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"\ud800":0},"merges":[]}}""", "JSON")]
    public void FromFolder_MalformedModel_IsRefusedInOneLine(string json, string reason) => AssertRefused(json, reason);

    [Theory]
    [InlineData("normalizer", """{"type":"Magic"}""", "'Magic' is not supported")]
    [InlineData("normalizer", """{"type":"Precompiled","precompiled_charsmap":"AAEAAA=="}""", "it is damaged")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"Regex":"("},"content":""}""", "regular expression")]
    [InlineData("pre_tokenizer", """{"type":"Magic"}""", "'Magic' is not supported")]
    [InlineData("pre_tokenizer", """{"type":"Split","pattern":{"String":"a"},"behavior":"Odd"}""", "'Odd' is not one")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","replacement":"__"}""", "one character")]
    [InlineData("post_processor", """{"type":"Magic"}""", "'Magic' is not supported")]
    [InlineData("decoder", """{"type":"CTC"}""", "'CTC' is not supported")]
    [InlineData("decoder", """{"type":"ByteLevel","type":7}""", "'type' is Number")]
    [InlineData("added_tokens", """[{"id":"x","content":"y"}]""", "'id' is not an integer")]
    [InlineData("added_tokens", """{"id":1}""", "'added_tokens' is Object")]
    public void FromFolder_MalformedPart_IsRefusedInOneLine(string part, string json, string reason) =>
        AssertRefused($$"""{"model":{{Byte}},"{{part}}":{{json}}}""", reason);

    [Fact(Explicit = true)]
    [Trait("Category", "Slow")]
    public void Encode_PatternThatBacktracksWithoutEnd_IsRefused()
    {
        using var folder = new TemporaryFolder();
        const string Pattern = """{"type":"Split","pattern":{"Regex":"(a|aa)+$"},"behavior":"Isolated"}""";
        File.WriteAllText(folder.At("tokenizer.json"), $$"""{"model":{{Byte}},"pre_tokenizer":{{Pattern}}}""");
        var tokenizer = TextTokenizer.FromFolder(folder.Path);
        var fault = Assert.Throws<InvalidDataException>(() => tokenizer.Encode(new string('a', 200) + "b"));
        Assert.Contains("10 s", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromFolder_NoTokenizer_NamesTheFile()
    {
        using var folder = new TemporaryFolder();
        var fault = Assert.Throws<FileNotFoundException>(() => TextTokenizer.FromFolder(folder.Path));
        Assert.Contains("tokenizer.json", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromFolder_TokensOfConfigAlone_AreAdded()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("tokenizer.json"), $$"""{"model":{{Byte}}}""");
        File.WriteAllText(
            folder.At("tokenizer_config.json"),
            """{"added_tokens_decoder":{"3":{"content":"<x>","special":true}}}""");
        Assert.Equal([2, 3], TextTokenizer.FromFolder(folder.Path).Encode("ab<x>"));
    }

    private static void AssertRefused(string json, string reason)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("tokenizer.json"), json);
        var fault = Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFolder(folder.Path));
        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }
}
