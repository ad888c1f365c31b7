using Stip.Client.Generation;
using Stip.Client.Tools;
using Stip.Gateway.OpenAi.Answers;

namespace Stip.Gateway.Tests.OpenAi.Answers;

public sealed class TextTokensTests
{
    private static readonly ToolCall Call = new("id", "weather", "{}");

    [Fact]
    public void Add_TextThatIsHeldBack_IsListedWhenItComesOut()
    {
        var texts = new TextTokens();

        Assert.Empty(texts.Add(Token(1, "a <too"), new("a", []), isLast: false));
        Assert.Equal([1, 2], Ids(texts.Add(Token(2, "l"), new(" <tool", []), isLast: false)));
    }

    [Fact]
    public void Add_CallBehindText_IsNotListed()
    {
        var texts = new TextTokens();

        var before = texts.Add(Token(1, "Wait. "), new("Wait. ", []), isLast: false);
        var begin = texts.Add(Token(2, "<tool_call>{"), new("", []), isLast: false);
        var end = texts.Add(Token(3, "}</tool_call>"), new("", [Call]), isLast: false);
        var stop = texts.Add(Token(4, ""), new("", []), isLast: true);

        Assert.Equal([1], Ids(before));
        Assert.Empty(begin.Concat(end).Concat(stop));
    }

    [Fact]
    public void Add_AnswerWithoutCalls_ListsEveryTokenOnce()
    {
        var texts = new TextTokens();

        GeneratedToken[] listed =
        [
            .. texts.Add(Token(1, ""), new("", []), isLast: false),
            .. texts.Add(Token(2, "é{"), new("", []), isLast: false),
            .. texts.Add(Token(3, "}"), new("é{", []), isLast: false),
            .. texts.Add(Token(4, ""), new("}", []), isLast: true),
        ];

        Assert.Equal([1, 2, 3, 4], Ids(listed));
    }

    private static GeneratedToken Token(int id, string text) => new(id, text);

    private static IEnumerable<int> Ids(IEnumerable<GeneratedToken> tokens) => tokens.Select(token => token.Id);
}
