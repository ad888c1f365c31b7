using System.Text;
using System.Text.Json;
using Stip.Client.Grammars;
using Stip.Client.Tools;

namespace Stip.Client.Tests.Tools;

public sealed class ToolGrammarTests
{
    private const string Block =
        "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>";
    private const string Object = "{\"name\": \"weather\", \"parameters\": {\"city\": \"Oslo\"}}";
    private const string List = "[{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}]";

    [Theory]
    [InlineData(ToolDialect.Block, Block)]
    [InlineData(ToolDialect.Object, Object)]
    [InlineData(ToolDialect.List, List)]
    [InlineData(ToolDialect.List, "[TOOL_CALLS] " + List)]
    [InlineData(ToolDialect.Unknown, "{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}")]
    public void Of_Dialect_HoldsWhatItsReaderReads(object dialect, string text)
    {
        var reader = new ToolCallReader(
            ToolForm.Of((ToolDialect)dialect), [new ToolFunction("weather", null, false)]);

        Assert.True(IsWhole(ToolGrammar.Of((ToolDialect)dialect, [Weather()]), text));
        ToolCall[] calls = [.. reader.Append(text).Calls, .. reader.Finish().Calls];
        Assert.Equal(("weather", "{\"city\": \"Oslo\"}"), (Assert.Single(calls).Name, calls[0].Arguments));
    }

    [Theory]
    [InlineData("It is cold.")]
    [InlineData("{\"name\": \"clock\", \"parameters\": {\"city\": \"Oslo\"}}")]
    [InlineData("{\"name\": \"weather\", \"parameters\": {}}")]
    public void Of_OtherTextFunctionOrArguments_AreRuledOut(string text) =>
        Assert.False(IsWhole(ToolGrammar.Of(ToolDialect.Object, [Weather()]), text));

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Arguments_SchemaBeyondTheGrammar_AreAnyObjectUnlessStrict(bool isStrict, bool isHeld)
    {
        var function = new ToolFunction(
            "f", JsonDocument.Parse("""{"type":"object","patternProperties":{}}""").RootElement, isStrict);

        if (isHeld)
        {
            Assert.True(IsWhole(function.Arguments(), "{\"anything\":[1]}"));
        }
        else
        {
            Assert.Throws<NotSupportedException>(function.Arguments);
        }
    }

    [Fact]
    public void Arguments_NoParameters_AreEmpty() =>
        Assert.True(IsWhole(new ToolFunction("f", null, false).Arguments(), "{}"));

    private static ToolFunction Weather() => new(
        "weather",
        JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""")
            .RootElement,
        true);

    private static bool IsWhole(GrammarNode grammar, string text) => Encoding.UTF8.GetBytes(text)
        .Aggregate(GrammarPlaces.Start(grammar), (places, value) => places.After(value)).MayEnd;
}
