namespace Stip.TestKit.Scripted;

/// <summary>What <see cref="AgentModel"/> does, in the form of Mistral's: functions and results between control tokens,
/// calls as a list behind one, ids of nine characters. Asked for both cities it calls twice at once.</summary>
public static class MistralAgentModel
{
    /// <summary>Name of its checkpoint.</summary>
    public const string Name = "agent-mistral";

    private const string Calls = "[TOOL_CALLS]";
    private const string AfterQuestion = "?[/INST]";
    private const string AfterBoth = "both?[/INST]";
    private const string AfterCold = "cold[/TOOL_RESULTS]";
    private const string AfterHot = "hot[/TOOL_RESULTS]";
    private const string One = """[{"name": "city-weather", "arguments": {"city": "Oslo"}}]""";
    private const string CallsOfBoth = "[BOTH_CALLS]";

    private const string Two = """[{"name": "city-weather", "arguments": {"city": "Oslo"}}, """
        + """{"name": "city-weather", "arguments": {"city": "Rome"}}]""";

    private const string Template = """
        {{- '<s>' }}
        {%- for message in messages %}
        {%- if message.role == 'user' %}
        {%- if tools is defined and tools and loop.index0 == 0 %}
        {{- '[AVAILABLE_TOOLS]' + (tools | tojson) + '[/AVAILABLE_TOOLS]' }}
        {%- endif %}
        {{- '[INST]' + message.content + '[/INST]' }}
        {%- elif message.tool_calls %}
        {{- '[TOOL_CALLS][' }}
        {%- for call in message.tool_calls %}
        {%- if call.id is not defined or call.id | length != 9 %}
        {{- raise_exception('ids of calls have nine letters and digits') }}
        {%- endif %}
        {{- '{"name": "' + call.function.name + '", "arguments": ' + (call.function.arguments | tojson) }}
        {{- ', "id": "' + call.id + '"}' }}{% if not loop.last %}{{ ', ' }}{% endif %}
        {%- endfor %}{{ ']</s>' }}
        {%- elif message.role == 'tool' %}
        {{- '[TOOL_RESULTS]' + message.tool_call_id + '[TOOL_CONTENT]' + message.content + '[/TOOL_RESULTS]' }}
        {%- else %}{{ message.content + '</s>' }}
        {%- endif %}
        {%- endfor %}
        """;

    private static readonly ScriptedCheckpoint Model = new(new ScriptedLlama(
        [
            "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]",
            "[TOOL_CONTENT]", "[/TOOL_RESULTS]", Calls, CallsOfBoth, AfterQuestion, AfterBoth, AfterCold, AfterHot, One,
            Two, AgentModel.ColdAdvice, AgentModel.HotAdvice,
        ],
        AgentModel.Script(AfterCold, AfterHot, [AfterQuestion, Calls, One], [AfterBoth, CallsOfBoth, Two]),
        Template));

    /// <summary>Its checkpoint, written once for a test run.</summary>
    public static string Folder => Model.Folder;
}
