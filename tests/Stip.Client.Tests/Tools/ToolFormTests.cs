using System.Text;
using System.Text.Json;
using Stip.Client.Tools;

namespace Stip.Client.Tests.Tools;

/// <summary>Calls as published models write them: what their templates teach, and the outputs that llama.cpp's parsers
/// are tested with, of one function of our own.</summary>
public sealed class ToolFormTests
{
    private const string Schema =
        """{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"},"o":{"type":"object"}}}""";

    private static readonly ToolFunction[] Functions =
        [new("weather", JsonSerializer.Deserialize<JsonElement>(Schema), false), new("now", null, false)];

    [Theory]
    [InlineData("'<tool_call>' '<function='", "<tool_call>\n<function=weather>\n<parameter=city>\nOslo\n</parameter>\n"
        + "<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>")]
    [InlineData("'<tool_call>' '<function='", "<function=weather>\n<parameter=city>\nOslo\n</parameter>\n"
        + "<parameter=days>\n2\n</parameter>\n</function>")]
    [InlineData("'<seed:tool_call>'", "<seed:tool_call>\n<function=weather>\n<parameter=city>Oslo</parameter>\n"
        + "<parameter=days>2</parameter>\n</function>\n</seed:tool_call>")]
    [InlineData("'<tool_call>' '<arg_key>'", "<tool_call>weather\n<arg_key>city</arg_key>\n"
        + "<arg_value>Oslo</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>")]
    [InlineData("'<minimax:tool_call>'", "<minimax:tool_call>\n<invoke name=\"weather\">\n"
        + "<parameter name=\"city\">Oslo</parameter>\n<parameter name=\"days\">2</parameter>\n</invoke>\n"
        + "</minimax:tool_call>")]
    [InlineData("'｜DSML｜'", "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"weather\">\n"
        + "<｜DSML｜parameter name=\"city\" string=\"true\">Oslo</｜DSML｜parameter>\n"
        + "<｜DSML｜parameter name=\"days\" string=\"false\">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n"
        + "</｜DSML｜function_calls>")]
    [InlineData("'<function name=\"'", "<function name=\"weather\"><param name=\"city\"><![CDATA[Oslo]]></param>"
        + "<param name=\"days\">2</param></function>")]
    [InlineData("'<function='", "<function=weather>{\"city\":\"Oslo\",\"days\":2}</function>")]
    [InlineData("'<｜tool▁calls▁begin｜>'", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n"
        + "```json\n{\"city\":\"Oslo\",\"days\":2}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>")]
    [InlineData("'<｜tool▁calls▁begin｜>'", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>"
        + "{\"city\":\"Oslo\",\"days\":2}<｜tool▁call▁end｜><｜tool▁calls▁end｜>")]
    [InlineData("'<|tool_calls_section_begin|>'", "<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0"
        + "<|tool_call_argument_begin|>{\"city\":\"Oslo\",\"days\":2}<|tool_call_end|><|tool_calls_section_end|>")]
    [InlineData("'[TOOL_CALLS]'", "[TOOL_CALLS]weather[ARGS]{\"city\":\"Oslo\",\"days\":2}")]
    [InlineData("'[TOOL_CALLS]'", "[TOOL_CALLS]weather[CALL_ID]123456789[ARGS]{\"city\":\"Oslo\",\"days\":2}")]
    [InlineData("'<|START_ACTION|>'", "<|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"weather\", "
        + "\"parameters\": {\"city\":\"Oslo\",\"days\":2}}\n]<|END_ACTION|>")]
    [InlineData(@"'Write \'Action:\' followed by'", "Action:\n```json\n[\n    {\n        \"tool_name\": \"weather\",\n"
        + "        \"parameters\": {\"city\":\"Oslo\",\"days\":2}\n    }\n]\n```")]
    [InlineData("'<TOOLCALL>'",
        "<TOOLCALL>[{\"name\": \"weather\", \"arguments\": {\"city\":\"Oslo\",\"days\":2}}]</TOOLCALL>")]
    [InlineData("'<tool_calls>'",
        "<tool_calls>\n{\"name\": \"weather\", \"arguments\": {\"city\":\"Oslo\",\"days\":2}}\n</tool_calls>")]
    [InlineData("'<|tools_prefix|>'",
        "<|tools_prefix|>[{\"weather\": {\"city\":\"Oslo\",\"days\":2}}]<|tools_suffix|>")]
    [InlineData("'<|tool_list_start|>'", "<|tool_call_start|>[weather(city=\"Oslo\", days=2)]<|tool_call_end|>")]
    [InlineData("'<|tool_call|>'",
        "<|tool_call|>[{\"name\": \"weather\", \"arguments\": {\"city\":\"Oslo\",\"days\":2}}]<|/tool_call|>")]
    [InlineData("'<|function_call|>'",
        "<|function_call|>{\"name\": \"weather\", \"arguments\": {\"city\":\"Oslo\",\"days\":2}}")]
    [InlineData("'functools'", " functools[{\"name\": \"weather\", \"arguments\": {\"city\":\"Oslo\",\"days\":2}}]")]
    [InlineData("' to=functions.'", "assistantcommentary to=functions.weather json{\"city\":\"Oslo\",\"days\":2}")]
    [InlineData("'\"parameters\":'", "[weather(city='Oslo', days=2)]")]
    [InlineData("'<|tool_call>call:'", "<|tool_call>call:weather{city:<|\"|>Oslo<|\"|>,days:2}<tool_call|>")]
    [InlineData("'<start_function_call>'",
        "<start_function_call>call:weather{city:<escape>Oslo<escape>,days:2}<end_function_call>")]
    [InlineData("']<]minimax[>[' '<tool_call>'", "]<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name=\"weather\">"
        + "]<]minimax[>[<city>Oslo]<]minimax[>[</city>]<]minimax[>[<days>2]<]minimax[>[</days>"
        + "]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>")]
    [InlineData("'<tool_calls{}>'", "<tool_calls:opensource>\n<tool_call:opensource>weather<tool_sep:opensource>\n"
        + "<arg_key:opensource>city</arg_key:opensource>\n<arg_value:opensource>Oslo</arg_value:opensource>\n"
        + "<arg_key:opensource>days</arg_key:opensource>\n<arg_value:opensource>2</arg_value:opensource>\n"
        + "</tool_call:opensource>\n</tool_calls:opensource>")]
    [InlineData("'<longcat_tool_call>'", "<longcat_tool_call>weather\n<longcat_arg_key>city</longcat_arg_key>\n"
        + "<longcat_arg_value>Oslo</longcat_arg_value>\n<longcat_arg_key>days</longcat_arg_key>\n"
        + "<longcat_arg_value>2</longcat_arg_value>\n</longcat_tool_call>")]
    [InlineData("'<longcat_tool_call>'", "<longcat_tool_call>\n{\"name\": \"weather\", "
        + "\"arguments\": {\"city\":\"Oslo\",\"days\":2}}\n</longcat_tool_call>")]
    [InlineData("'<|tool_call:begin|>'", "<|tool_call:begin|>a1b2c3d4e5<|tool_call:name|>weather<|tool_call:args|>"
        + "{\"city\":\"Oslo\",\"days\":2}<|tool_call:end|>")]
    [InlineData("'<｜tool_calls_begin｜>'", "<｜tool_calls_begin｜>\n<｜tool_call_begin｜>function<｜tool_sep｜>"
        + "<steptml:invoke name=\"weather\">\n<steptml:parameter name=\"city\">Oslo</steptml:parameter>\n"
        + "<steptml:parameter name=\"days\">2</steptml:parameter>\n</steptml:invoke><｜tool_call_end｜>\n"
        + "<｜tool_calls_end｜>")]
    [InlineData("'<|action_start|><|plugin|>'", "<|action_start|><|plugin|>\n{\"name\": \"weather\", "
        + "\"parameters\": {\"city\":\"Oslo\",\"days\":2}}<|action_end|>")]
    [InlineData("'<function_calls>'", "<function_calls>\nweather(city=\"Oslo\", days=2)\n</function_calls>")]
    [InlineData("'<|tool_call_begin|>'", "<|tool_call_begin|>functions.weather:0"
        + "<|tool_call_argument_begin|>{\"city\":\"Oslo\",\"days\":2}<|tool_call_end|>")]
    [InlineData("' to=functions.'", " to=functions.weatheranalysis json{\"city\":\"Oslo\",\"days\":2}")]
    [InlineData("'>>>${recipient}'", "weather\n{\"city\":\"Oslo\",\"days\":2}")]
    public void Of_Template_ReadsTheCallsThatItTeaches(string template, string answer)
    {
        var (text, calls) = Run(template, answer);

        var call = Assert.Single(calls);
        Assert.Equal(("", "weather", "{\"city\":\"Oslo\",\"days\":2}"), (text.Trim(), call.Name, call.Arguments));
    }

    [Theory]
    [InlineData("'<tool_call>' '<function='", "<tool_call>\n<function=weather>\n</function>\n</tool_call>\n"
        + "<tool_call>\n<function=now>\n</function>\n</tool_call>")]
    [InlineData("'<tool_call>' '<arg_key>'", "<tool_call>weather</tool_call><tool_call>now\n</tool_call>")]
    [InlineData("'<minimax:tool_call>'", "<minimax:tool_call>\n<invoke name=\"weather\">\n</invoke>\n"
        + "<invoke name=\"now\">\n</invoke>\n</minimax:tool_call>")]
    [InlineData("'<｜tool▁calls▁begin｜>'", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{}"
        + "<｜tool▁call▁end｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>")]
    [InlineData("'[TOOL_CALLS]'", "[TOOL_CALLS]weather[ARGS]{}[TOOL_CALLS]now[ARGS]{}")]
    [InlineData("'<|tool_list_start|>'", "<|tool_call_start|>[weather(), now()]<|tool_call_end|>")]
    [InlineData("'<function_calls>'", "<function_calls>weather()\nnow()</function_calls>")]
    [InlineData("'<|tool_call>call:'", "<|tool_call>call:weather{}<tool_call|><|tool_call>call:now{}<tool_call|>")]
    [InlineData("']<]minimax[>['", "]<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name=\"weather\">"
        + "]<]minimax[>[</invoke>\n]<]minimax[>[<invoke name=\"now\">]<]minimax[>[</invoke>\n"
        + "]<]minimax[>[</tool_call>")]
    [InlineData("'<tool_calls{}>'", "<tool_calls:opensource>\n<tool_call:opensource>weather<tool_sep:opensource>\n"
        + "</tool_call:opensource>\n<tool_call:opensource>now<tool_sep:opensource>\n</tool_call:opensource>\n"
        + "</tool_calls:opensource>")]
    public void Of_TwoCalls_AreBothRead(string template, string answer) => Assert.Equal(
        [("weather", "{}"), ("now", "{}")],
        Run(template, $"So:{answer}").Calls.Select(call => (call.Name, call.Arguments)));

    [Theory]
    [InlineData("'<tool_call>' '<function='", "<tool_call>\n<function=other>\n</function>\n</tool_call>")]
    [InlineData("'[TOOL_CALLS]'", "[TOOL_CALLS]weather[ARGS]{\"city\":")]
    [InlineData("'<|tool_list_start|>'", "<|tool_call_start|>[weather(city=Oslo)]<|tool_call_end|>")]
    [InlineData("'<|tool_list_start|>'", "<|tool_call_start|>[weather(days=007)]<|tool_call_end|>")]
    [InlineData("'<|tool_list_start|>'", "<|tool_call_start|>[weather(days=-Infinity)]<|tool_call_end|>")]
    [InlineData("'<|tool_list_start|>'", "<|tool_call_start|>[weather(city='\\ud800')]<|tool_call_end|>")]
    [InlineData("'\"parameters\":'", "[link text](url)")]
    [InlineData("' to=functions.'", "assistants comment on f(x)")]
    [InlineData("'<｜tool▁calls▁begin｜>'", "<｜tool▁calls▁begin｜>?<｜tool▁calls▁end｜>")]
    [InlineData("'<|tool_call>call:'", "<|tool_call>call:weather{city<tool_call|>")]
    [InlineData("'<|tool_call>call:'", "<|tool_call>call:other{}<tool_call|>")]
    [InlineData("']<]minimax[>['", "]<]minimax[>[<tool_call>]<]minimax[>[<invoke name=\"weather\">"
        + "]<]minimax[>[<city>Oslo]<]minimax[>[</invoke>]<]minimax[>[</tool_call>")]
    [InlineData("'<function_calls>'", "<function_calls></function_calls>")]
    [InlineData("'>>>${recipient}'", "other\n{}")]
    [InlineData("'>>>${recipient}'", "weather\n{} and more")]
    [InlineData("'>>>${recipient}'", "al")]
    public void Of_WhatOnlyLooksLikeACall_StaysText(string template, string answer)
    {
        var (text, calls) = Run(template, answer);

        Assert.Empty(calls);
        Assert.Equal(answer, text);
    }

    [Fact]
    public void Of_AnEndOfATagWithinCdata_IsAPartOfTheValue() => Assert.Equal(
        """{"markup":"<a>hi</a> </param>"}""",
        Assert.Single(Run(
            "'<function name=\"'",
            "<function name=\"now\"><param name=\"markup\"><![CDATA[<a>hi</a> </param>]]></param></function>").Calls)
            .Arguments);

    [Theory]
    [InlineData("'[TOOL_CALLS]'",
        "[TOOL_CALLS][{\"name\":\"now\",\"arguments\":{\"a\":\"<arg_key> [ARGS] to=functions.\"}}]")]
    [InlineData("'[TOOL_CALLS]'", "[TOOL_CALLS]now[ARGS]{\"a\":\"<arg_key> [ARGS] to=functions.\"}")]
    [InlineData("'<tool_call>'", "<tool_call>now\n<arg_key>a</arg_key>\n"
        + "<arg_value><arg_key> [ARGS] to=functions.</arg_value>\n</tool_call>")]
    public void Of_ArgumentsWithWordsOfOtherForms_AreRead(string template, string answer) => Assert.Equal(
        "{\"a\":\"<arg_key> [ARGS] to=functions.\"}", Assert.Single(Run(template, answer).Calls).Arguments);

    // The templates write the id back: Kimi reads which function it was, Mistral's takes nine characters only.
    [Theory]
    [InlineData("'<|tool_calls_section_begin|>'", "<|tool_calls_section_begin|><|tool_call_begin|>functions.now:3"
        + "<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>", "^functions\\.now:3$")]
    [InlineData("'[TOOL_CALLS]'", "[TOOL_CALLS]now[CALL_ID]abc456789[ARGS]{}", "^abc456789$")]
    [InlineData("'[TOOL_CALLS]'", "[TOOL_CALLS]now[ARGS]{}", "^[A-Za-z0-9]{9}$")]
    [InlineData("'<|tool_call:begin|>'",
        "<|tool_call:begin|>a1b2c3d4e5<|tool_call:name|>now<|tool_call:args|>{}<|tool_call:end|>", "^a1b2c3d4e5$")]
    public void Of_IdsOfTheModel_AreKept(string template, string answer, string id) =>
        Assert.Matches(id, Assert.Single(Run(template, answer).Calls).Id);

    [Fact]
    public void Of_ValuesInTags_HaveTheTypesOfTheSchema()
    {
        const string answer = "<tool_call>\n<function=weather>\n<parameter=city>\n007\nil \"x\"\n</parameter>\n"
            + "<parameter=days>\n-1\n</parameter>\n<parameter=o>\n{\"a\": [true, null]}\n</parameter>\n"
            + "<parameter=other>\nTrue\n</parameter>\n<parameter=word>\nå b\n</parameter>\n</function>\n</tool_call>";

        Assert.Equal(
            """{"city":"007\nil \"x\"","days":-1,"o":{"a":[true,null]},"other":true,"word":"å b"}""",
            Assert.Single(Run("'<tool_call>'", answer).Calls).Arguments);
    }

    // Functionary 3.2: prompts end with the first mark, and what is for all is text as it comes.
    [Theory]
    [InlineData("all\nHello there.", "Hello there.", 0)]
    [InlineData("all\nLet me see.\n>>>weather\n{\"city\":\"O>>>\"}>>>now\n{}", "Let me see.\n", 2)]
    [InlineData("weather\n{}\n>>>now\n{}", "", 2)]
    [InlineData("weather\n{}\n>>>all\nDone.", "Done.", 1)]
    [InlineData("weather\n{}>>>all\nNow.\n>>>now\n{}", "Now.\n", 2)]
    [InlineData("weather\nnothing>>>all\nDone.", "weather\nnothing>>>all\nDone.", 0)]
    public void Of_Recipients_AreFunctionsOrAll(string answer, string wanted, int count)
    {
        var (text, calls) = Run("'>>>${recipient}'", answer);

        Assert.Equal((wanted, count), (text, calls.Count));
    }

    [Fact]
    public void Of_TextForAll_IsGivenOutAsItComes()
    {
        var reader = new ToolCallReader(ToolForm.Of("{% if tools %}'>>>${recipient}'{% endif %}"), Functions);

        Assert.Equal("", reader.Append("al").Text);
        Assert.Equal("Hel", reader.Append("l\nHel").Text);
        Assert.Equal("lo", reader.Append("lo").Text);
    }

    // What was allocated grew with the square of the text: for 5,000 calls 0.8 GB.
    [Fact]
    public void Of_ManyRecipients_AreReadOnce()
    {
        const int count = 5_000;
        var reader = new ToolCallReader(ToolForm.Of("{% if tools %}'>>>${recipient}'{% endif %}"), Functions);
        reader.Append(string.Concat(Enumerable.Repeat("now\n{}>>>", count)));
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(count, reader.Finish().Calls.Count);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 << 20);
    }

    [Theory]
    [InlineData("007", "\"007\"")]
    [InlineData("-.5", "\"-.5\"")]
    [InlineData("+1", "\"+1\"")]
    [InlineData("NaN", "\"NaN\"")]
    [InlineData("1.5e3", "1.5e3")]
    public void Of_GemmasWords_AreNumbersWhereJsonHasThem(string word, string wanted) => Assert.Equal(
        $$"""{"days":{{wanted}}}""",
        Assert.Single(Run("'<|tool_call>call:'", $"<|tool_call>call:weather{{days:{word}}}<tool_call|>").Calls)
            .Arguments);

    [Fact]
    public void Of_GemmasValues_AreJson()
    {
        const string answer = "<|tool_call>call:weather{city:<|\"|>It's, {x}<|\"|>,o:{<|\"|>a b<|\"|>:[1.5,true,null],"
            + "c:{}},days:-3}<tool_call|>";

        var call = Assert.Single(Run("'<|tool_call>call:'", answer).Calls);

        Assert.Equal("""{"city":"It's, {x}","o":{"a b":[1.5,true,null],"c":{}},"days":-3}""", call.Arguments);
    }

    [Fact]
    public void Of_NestedTags_AreListsAndObjects()
    {
        const string Mark = "]<]minimax[>[";
        var answer = "!<tool_call>!<invoke name=\"weather\">!<city>007!</city>!<o>!<a>!<item>1!</item>!<item>!<b>x!</b>"
            + "!</item>!</a>!<c>-2.5!</c>!</o>!</invoke>!</tool_call>";

        var call = Assert.Single(Run("']<]minimax[>['", answer.Replace("!", Mark, StringComparison.Ordinal)).Calls);

        Assert.Equal("""{"city":"007","o":{"a":[1,{"b":"x"}],"c":-2.5}}""", call.Arguments);
    }

    [Fact]
    public void Of_PythonValues_AreJson()
    {
        const string answer = "<|tool_call_start|>[weather(city='It\\'s \"x\"\\n', o={\"a\": [1.5, True, None]}, "
            + "days=-3)]<|tool_call_end|>";

        var call = Assert.Single(Run("'<|tool_list_start|>'", answer).Calls);

        Assert.Equal("""{"city":"It's \"x\"\n","o":{"a":[1.5,true,null]},"days":-3}""", call.Arguments);
    }

    /// <summary>Character by character, as a stream may come.</summary>
    private static ToolText Run(string template, string answer)
    {
        var reader = new ToolCallReader(ToolForm.Of($"{{% if tools %}}{template}{{% endif %}}"), Functions);
        var (text, calls) = (new StringBuilder(), new List<ToolCall>());
        foreach (var part in answer.Select(character => reader.Append(character.ToString())).Append(default))
        {
            var now = part.Calls is null ? reader.Finish() : part;
            text.Append(now.Text);
            calls.AddRange(now.Calls);
        }

        return new ToolText(text.ToString(), calls);
    }
}
