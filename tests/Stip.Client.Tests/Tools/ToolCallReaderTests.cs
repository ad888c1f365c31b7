using Stip.Client.Tools;

namespace Stip.Client.Tests.Tools;

public sealed class ToolCallReaderTests
{
    private static readonly ToolFunction Weather = new("weather", null, false);

    [Theory]
    [InlineData("Hello there.", "Hello there.")]
    [InlineData("1 < 2 and <tool is no call", "1 < 2 and <tool is no call")]
    [InlineData("{\"name\":\"unknown\",\"arguments\":{}}", "{\"name\":\"unknown\",\"arguments\":{}}")]
    [InlineData("<tool_call>no json</tool_call>", "<tool_call>no json</tool_call>")]
    [InlineData("[1, 2]", "[1, 2]")]
    [InlineData("[TOOL_CALLS] no list", "[TOOL_CALLS] no list")]
    [InlineData("[TOOL", "[TOOL")]
    [InlineData("<tool_call>{}</tool_call> and more", "<tool_call>{}</tool_call> and more")]
    [InlineData("  \n", "  \n")]
    [InlineData("{\"name\": \"\\ud800\"}", "{\"name\": \"\\ud800\"}")]
    [InlineData(
        "{\"name\":\"weather\",\"arguments\":{\"t\":\"\\ud83d\"}}",
        "{\"name\":\"weather\",\"arguments\":{\"t\":\"\\ud83d\"}}")]
    public void Append_NoCall_GivesTheTextAsItIs(string answer, string wanted)
    {
        var (text, calls) = Run(answer);

        Assert.Equal(wanted, text);
        Assert.Empty(calls);
    }

    [Theory]
    [InlineData("<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>", "")]
    [InlineData(
        "Let me see. <tool_call>{\"name\":\"weather\",\"arguments\":{\"city\": \"Oslo\"}}</tool_call>", "Let me see. ")]
    [InlineData("{\"name\": \"weather\", \"parameters\": {\"city\": \"Oslo\"}}", "")]
    [InlineData(" [{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}]", "")]
    [InlineData("[TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}]", "")]
    [InlineData("Wait.[TOOL_CALLS][{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}]", "Wait.")]
    [InlineData("<tool_call>{\"name\":\"weather\",\"arguments\":{\"city\": \"Oslo\"}}", "")]
    [InlineData("<tool_call>{\"name\":\"weather\",\"arguments\":{\"city\": \"Oslo\"}}</tool_call>\n", "")]
    [InlineData("<tool_call>{\"name\":\"weather\",\"arguments\":{\"city\": \"Oslo\"}}</tool_call> Yes", " Yes")]
    public void Append_Call_IsTakenOutOfTheText(string answer, string wanted)
    {
        var (text, calls) = Run(answer);

        Assert.Equal(wanted, text);
        var call = Assert.Single(calls);
        Assert.Equal("weather", call.Name);
        Assert.Equal("{\"city\": \"Oslo\"}", call.Arguments);
    }

    [Fact]
    public void Append_TwoBlocks_AreTwoCalls()
    {
        const string block = "<tool_call>{\"name\":\"weather\",\"arguments\":{}}</tool_call>";

        Assert.Equal(2, Run(block + "\n" + block).Calls.Count);
    }

    [Fact]
    public void Append_SemicolonBetweenObjects_AreTwoCalls()
    {
        const string call = "{\"name\":\"weather\",\"parameters\":{}}";

        Assert.Equal(2, Run($"{call}; {call}", ToolDialect.Object).Calls.Count);
    }

    [Theory]
    [InlineData(
        "<tool_call>{\"name\":\"weather\",\"arguments\":{}}</tool_call> and <tool_call>"
        + "{\"name\":\"weather\",\"arguments\":{}}</tool_call>")]
    [InlineData("[{\"name\":\"weather\",\"arguments\":{}}, {\"name\":\"weather\",\"arguments\":{}}]")]
    [InlineData("{\"name\":\"weather\",\"parameters\":{}}; {\"name\":\"weather\",\"parameters\":{}}")]
    public void Append_SeveralCallsWhereOneIsAllowed_GivesTheFirstAndNothingMore(string answer)
    {
        var (text, calls) = Run(answer, allowsSeveral: false);

        Assert.Single(calls);
        Assert.Equal("", text);
    }

    [Fact]
    public void Append_BlockThatIsComplete_IsGivenOutAtOnce()
    {
        var reader = new ToolCallReader(ToolForm.Of(ToolDialect.Block), [Weather]);

        var part = reader.Append("So: <tool_call>{\"name\":\"weather\",\"arguments\":{}}</tool_call>\n<tool");

        Assert.Equal("So: ", part.Text);
        Assert.Single(part.Calls);
    }

    [Fact]
    public void Append_JsonWhereCallsAreBlocks_IsTextAtOnce()
    {
        var reader = new ToolCallReader(ToolForm.Of(ToolDialect.Block), [Weather]);

        Assert.Equal("{\"name\":", reader.Append("{\"name\":").Text);
    }

    [Fact]
    public void Ids_OfLists_AreAsLongAsTheirTemplatesWant()
    {
        const string list = "[{\"name\":\"weather\",\"arguments\":{}}]";

        Assert.Matches("^[A-Za-z0-9]{9}$", Run(list, ToolDialect.List).Calls[0].Id);
        Assert.Matches("^call_[A-Za-z0-9]{24}$", Run(list).Calls[0].Id);
    }

    [Theory]
    [InlineData("{% if tools %}<tool_call>{% endif %}", ToolDialect.Block)]
    [InlineData("{% if tools %}[TOOL_CALLS]{% endif %}", ToolDialect.List)]
    [InlineData("{% if tools %}{\"name\": function name, \"parameters\": {}}{% endif %}", ToolDialect.Object)]
    [InlineData("{% if tools %}{{ tools }}{% endif %}", ToolDialect.Unknown)]
    public void DialectOf_Template_IsWhatItTeaches(string template, object dialect) =>
        Assert.Equal(dialect, ToolMarks.DialectOf(template));

    /// <summary>Character by character, as a stream may come.</summary>
    private static ToolText Run(
        string answer, ToolDialect dialect = ToolDialect.Unknown, bool allowsSeveral = true)
    {
        var reader = new ToolCallReader(ToolForm.Of(dialect), [Weather], allowsSeveral);
        ToolText[] parts = [.. answer.Select(character => reader.Append(character.ToString())), reader.Finish()];
        return new(string.Concat(parts.Select(part => part.Text)), [.. parts.SelectMany(part => part.Calls)]);
    }
}
