using System.Text.Json;
using Stip.Gateway.OpenAi.Requests;
using Stip.Gateway.OpenAi.Tools;

namespace Stip.Gateway.Tests.OpenAi.Tools;

public sealed class ToolMessagesTests
{
    // Other servers write a call without arguments so; a template would write "" for them.
    [Theory]
    [InlineData("""{"name":"now","arguments":""}""", "{}")]
    [InlineData("""{"name":"now","arguments":null}""", "{}")]
    [InlineData("""{"name":"now","arguments":"null"}""", "{}")]
    [InlineData("""{"name":"now"}""", "{}")]
    [InlineData("""{"name":"now","arguments":"{\"zone\":\"UTC\"}"}""", """{"zone":"UTC"}""")]
    [InlineData("""{"name":"now","arguments":"{"}""", "\"{\"")]
    public void Fields_CallOfBefore_HasItsArgumentsAsAnObject(string function, string expected)
    {
        using var message = JsonDocument.Parse($$"""{"tool_calls":[{"type":"function","function":{{function}}}]}""");

        var fields = ToolMessages.Fields(new RequestFields(message.RootElement), "messages[1]");

        var call = fields[ToolMessages.Calls][0].GetProperty("function");
        Assert.Equal(expected, call.GetProperty("arguments").GetRawText());
    }
}
