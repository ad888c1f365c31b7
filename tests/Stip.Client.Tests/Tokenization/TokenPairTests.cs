using System.Text.Json.Nodes;
using Stip.Client.Tokenization;
using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization;

public sealed class TokenPairTests
{
    [Theory]
    [InlineData(
        """{"type":"BertProcessing","cls":["[CLS]",2],"sep":["[SEP]",3]}""", "2 10 11 3 20 3", "0 0 0 0 1 1", 4)]
    [InlineData(
        """{"type":"RobertaProcessing","cls":["[CLS]",2],"sep":["[SEP]",3],"trim_offsets":true}""",
        "2 10 11 3 3 20 3", "0 0 0 0 0 0 0", 5)]
    [InlineData(
        """
        {"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true},
        {"type":"TemplateProcessing","single":[],
        "pair":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
        {"SpecialToken":{"id":"[SEP]","type_id":0}},{"Sequence":{"id":"B","type_id":1}},
        {"SpecialToken":{"id":"[SEP]","type_id":1}}],
        "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2]},"[SEP]":{"id":"[SEP]","ids":[3]}}}]}
        """,
        "2 10 11 3 20 3", "0 0 0 0 1 1", 4)]
    [InlineData("null", "10 11 20", "0 0 1", 2)]
    [InlineData(
        """
        {"type":"Sequence","processors":[{"type":"BertProcessing","cls":["[CLS]",2],"sep":["[SEP]",3]},
        {"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},
        {"SpecialToken":{"id":"[MASK]","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},
        {"Sequence":{"id":"B","type_id":0}},{"SpecialToken":{"id":"[MASK]","type_id":0}}],
        "special_tokens":{"[MASK]":{"id":"[MASK]","ids":[4]}}}]}
        """,
        "2 10 11 3 20 3 4", "0 0 0 0 1 1 0", 4)]
    public async Task Pair_IsFramedAsThePostProcessorSays(string processor, string ids, string types, int second)
    {
        var pair = (await TokenizerAsync(processor)).Join([10, 11], [20]);

        Assert.Equal(ids, string.Join(' ', pair.Ids));
        Assert.Equal(types, string.Join(' ', pair.Types));
        Assert.Equal(second, pair.SecondStart);
    }

    // XLNet's: its class token stands behind the text and is of a segment of its own.
    [Fact]
    public async Task SingleText_HasTheSegmentsThatItsTemplateGives()
    {
        var tokenizer = await TokenizerAsync(
            """
            {"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},
            {"SpecialToken":{"id":"[SEP]","type_id":0}},{"SpecialToken":{"id":"[CLS]","type_id":2}}],"pair":[],
            "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2]},"[SEP]":{"id":"[SEP]","ids":[3]}}}
            """);

        var ids = tokenizer.Encode("a tale", addSpecialTokens: true);

        Assert.Equal([3, 2], ids[^2..]);
        Assert.Equal([.. Enumerable.Repeat(0, ids.Length - 1), 2], tokenizer.Types(ids.Length));
        Assert.Empty((await TokenizerAsync("null")).Types(4));
    }

    // export appends the end token that a folder asks for to a frame that has segments.
    [Fact]
    public async Task SingleText_OfTwoFrames_HasTheSegmentsOfBoth()
    {
        var tokenizer = await TokenizerAsync(
            """
            {"type":"Sequence","processors":[
            {"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},
            {"SpecialToken":{"id":"[SEP]","type_id":0}},{"SpecialToken":{"id":"[CLS]","type_id":2}}],
            "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2]},"[SEP]":{"id":"[SEP]","ids":[3]}}},
            {"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}},
            {"SpecialToken":{"id":"[MASK]","type_id":1}}],"special_tokens":{"[MASK]":{"id":"[MASK]","ids":[4]}}}]}
            """);

        var ids = tokenizer.Encode("a tale", addSpecialTokens: true);

        Assert.Equal([3, 2, 4], ids[^3..]);
        Assert.Equal([.. Enumerable.Repeat(0, ids.Length - 2), 2, 1], tokenizer.Types(ids.Length));
    }

    [Fact]
    public async Task Pair_OfTwoFramesThatBothPutTokensBetween_IsRefused()
    {
        const string bert = """{"type":"BertProcessing","cls":["[CLS]",2],"sep":["[SEP]",3]}""";

        var refused = await Assert.ThrowsAsync<InvalidDataException>(
            () => TokenizerAsync($$"""{"type":"Sequence","processors":[{{bert}},{{bert}}]}"""));

        Assert.Contains("two post-processors", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<TextTokenizer> TokenizerAsync(string processor)
    {
        using var folder = new TemporaryFolder();
        var source = await File.ReadAllTextAsync(
            Path.Combine(KnownCheckpoints.Folder("stories-bert"), "tokenizer.json"),
            TestContext.Current.CancellationToken);
        var tokenizer = JsonNode.Parse(source)!;
        tokenizer["post_processor"] = JsonNode.Parse(processor);
        await File.WriteAllTextAsync(
            folder.At("tokenizer.json"), tokenizer.ToJsonString(), TestContext.Current.CancellationToken);
        return TextTokenizer.FromFolder(folder.Path);
    }
}
