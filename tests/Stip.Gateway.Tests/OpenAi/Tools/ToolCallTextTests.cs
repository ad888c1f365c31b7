using Stip.Gateway.OpenAi.Tools;

namespace Stip.Gateway.Tests.OpenAi.Tools;

public sealed class ToolCallTextTests
{
    [Theory]
    [InlineData("Hello there.", "Hello there.")]
    [InlineData("1 < 2 and <tool is no call", "1 < 2 and <tool is no call")]
    [InlineData("{\"name\":\"unknown\",\"arguments\":{}}", "{\"name\":\"unknown\",\"arguments\":{}}")]
    [InlineData("<tool_call>no json</tool_call>", "<tool_call>no json</tool_call>")]
    [InlineData("[1, 2]", "[1, 2]")]
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

    /// <summary>Character by character, as a stream may come.</summary>
    private static (string Text, IReadOnlyList<ToolCall> Calls) Run(string answer)
    {
        var calls = new ToolCallText(["weather"]);
        var text = string.Concat(answer.Select(character => calls.Append(character.ToString())));
        var (rest, found) = calls.Finish();
        return (text + rest, found);
    }
}
