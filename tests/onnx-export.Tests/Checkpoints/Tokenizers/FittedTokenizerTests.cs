using System.Text;
using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.Onnx;

namespace Stip.Export.Tests.Checkpoints.Tokenizers;

/// <summary>Tokenizers with more tokens than the model's table has rows.</summary>
public sealed class FittedTokenizerTests
{
    private const string Tokenizer = "tokenizer.json";
    private const string Settings = "tokenizer_config.json";

    [Fact]
    public void Find_OfTokensAddedBeyondTheTable_LeavesThemOut()
    {
        var files = new FittedTokenizer(
            new Given(
                """
                {"model": {"vocab": {"a": 0, "b": 1}}, "padding": {"pad_id": 3},
                 "added_tokens": [{"id": 2, "content": "<s>"}, {"id": 3, "content": "[PAD]"}, {"id": 4}]}
                """,
                """
                {"added_tokens_decoder": {"2": {"content": "<s>"}, "3": {"content": "[PAD]"}}, "pad_token": "[PAD]"}
                """),
            rows: 3);

        AssertEqual(
            """
            {"model": {"vocab": {"a": 0, "b": 1}}, "padding": null, "added_tokens": [{"id": 2, "content": "<s>"}]}
            """,
            files.Find(Tokenizer));
        AssertEqual(
            """{"added_tokens_decoder": {"2": {"content": "<s>"}}, "pad_token": "[PAD]"}""", files.Find(Settings));
        Assert.Contains("2 added tokens have no row", files.Warning, StringComparison.Ordinal);
        Assert.Contains("first '[PAD]' with id 3; ids are 0..2", files.Warning, StringComparison.Ordinal);
    }

    // Clients add those that only the settings know.
    [Fact]
    public void Find_OfTokensThatOnlyTheSettingsAddBeyondTheTable_LeavesThemOut()
    {
        const string tokenizer = """{ "model": {"vocab": {"a": 0, "b": 1}} }""";
        var files = new FittedTokenizer(
            new Given(
                tokenizer,
                """{"added_tokens_decoder": {"1": {"content": "b"}, "2": {"content": "<img>"}, "7": {}}, "x": 1}"""),
            rows: 2);

        Assert.Equal(tokenizer, Encoding.UTF8.GetString(files.Find(Tokenizer)!));
        AssertEqual("""{"added_tokens_decoder": {"1": {"content": "b"}}, "x": 1}""", files.Find(Settings));
        Assert.Equal(
            "tokenizer_config.json: 2 added tokens have no row in the token table and are left out, first '<img>' "
            + "with id 2; ids are 0..1",
            files.Warning);
    }

    // Other readers take the last.
    [Fact]
    public void Find_OfFilesWithANameTwice_TakesTheLast()
    {
        var files = new FittedTokenizer(
            new Given(
                """
                {"model": {"vocab": {"a": 0, "b": 1, "b": 1}}, "added_tokens": [{"id": 2, "content": "<s>"}]}
                """,
                """{"x": 1, "added_tokens_decoder": {}, "x": 2, "added_tokens_decoder": {"2": {"content": "<s>"}}}"""),
            rows: 2);

        AssertEqual("""{"model": {"vocab": {"a": 0, "b": 1}}, "added_tokens": []}""", files.Find(Tokenizer));
        AssertEqual("""{"x": 2, "added_tokens_decoder": {}}""", files.Find(Settings));
    }

    [Fact]
    public void Find_OfATokenizerThatFits_GivesItByteForByte()
    {
        const string tokenizer = """{ "model": {"vocab": {"a": 0}}, "added_tokens": [{"id": 1, "content": "<s>"}] }""";
        const string settings = """{ "added_tokens_decoder": {"1": {"content": "<s>"}} }""";
        var files = new FittedTokenizer(new Given(tokenizer, settings), rows: 2);

        Assert.Equal(settings, Encoding.UTF8.GetString(files.Find(Settings)!));
        Assert.Equal(tokenizer, Encoding.UTF8.GetString(files.Find(Tokenizer)!));
        Assert.Null(files.Warning);
    }

    [Theory]
    [InlineData("""{"model": {"vocab": {"a": 0, "b": 2}}}""")]
    [InlineData("""{"model": {"vocab": [["a", 0], ["b", 0], ["c", 0]]}, "added_tokens": []}""")]
    [InlineData("""{"model": {"vocab": [["a", 0], ["b", 0], ["c", 0]]}, "added_tokens": [{"id": 2}]}""")]
    [InlineData("""
        {"model": {"vocab": {"a": 0}}, "added_tokens": [{"id": 2, "content": "<s>"}],
         "post_processor": {"type": "TemplateProcessing", "special_tokens": {"<s>": {"ids": [2]}}}}
        """)]
    public void FittedTokenizer_WhoseTextsHaveIdsBeyondTheTable_IsRefused(string tokenizer) => Assert.Contains(
        "tokenizer.json has token id 2; the vocabulary of config.json allows 0..1",
        Assert.Throws<RefusedException>(() => new FittedTokenizer(new Given(tokenizer, "{}"), rows: 2)).Message,
        StringComparison.Ordinal);

    private static void AssertEqual(string expected, byte[]? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)));

    private sealed class Given(string tokenizer, string settings) : ISmallFiles
    {
        public byte[]? Find(string name) => name switch
        {
            Tokenizer => Encoding.UTF8.GetBytes(tokenizer),
            Settings => Encoding.UTF8.GetBytes(settings),
            _ => null,
        };
    }
}
