using System.Text;
using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.Onnx;

namespace Stip.Export.Tests.Checkpoints.Tokenizers;

/// <summary>The end token that <c>add_eos_token</c> asks for.</summary>
public sealed class EndedTextsTests
{
    private const string Framed = """
        {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
         {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [1]}}}
        """;

    [Theory]
    [InlineData("null", 1)]
    [InlineData("""{"type": "ByteLevel"}""", 2)]
    [InlineData(Framed, 2)]
    public void Find_WhereTextsHaveNoEnd_AppendsIt(string processor, int processors)
    {
        var found = JsonNode.Parse(Find(processor, addsEnd: true))!["post_processor"]!["processors"]!.AsArray();

        Assert.Equal(processors, found.Count);
        Assert.Equal("</s>", $"{found[^1]!["single"]![1]!["SpecialToken"]!["id"]}");
        Assert.Equal(2, (int)found[^1]!["special_tokens"]!["</s>"]!["ids"]![0]!);
    }

    [Fact]
    public void Find_WhereTextsHaveAnEnd_ChangesNothing()
    {
        const string ended = """
            {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "</s>"}}]}
            """;

        Assert.Equal(Tokenizer(ended), Find(ended, addsEnd: true));
    }

    [Fact]
    public void Find_WhereNoEndIsAskedFor_ChangesNothing() =>
        Assert.Equal(Tokenizer("null"), Find("null", addsEnd: false));

    [Fact]
    public void Find_OfAnUnknownEnd_IsRefused()
    {
        var refused = Assert.Throws<RefusedException>(() => Find("null", addsEnd: true, end: "<end>"));

        Assert.Equal("tokenizer_config.json: eos_token '<end>' is not in the vocabulary", refused.Message);
    }

    private static string Find(string processor, bool addsEnd, string end = "</s>") =>
        Encoding.UTF8.GetString(new EndedTexts(new Files(new()
        {
            ["tokenizer.json"] = Tokenizer(processor),
            ["tokenizer_config.json"] = new JsonObject { ["add_eos_token"] = addsEnd, ["eos_token"] = end }
                .ToJsonString(),
        })).Find("tokenizer.json")!);

    private static string Tokenizer(string processor) =>
        $$$"""{"model": {"vocab": {"a": 0, "<s>": 1, "</s>": 2}}, "post_processor": {{{processor}}}}""";

    private sealed class Files(Dictionary<string, string> files) : ISmallFiles
    {
        public byte[]? Find(string name) =>
            files.TryGetValue(name, out var text) ? Encoding.UTF8.GetBytes(text) : null;
    }
}
