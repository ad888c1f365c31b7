namespace Stip.TestKit.Scripted;

/// <summary>What <see cref="AgentModel"/> does, in the form of Llama 3.1: functions in the first question, a call as
/// the whole answer, results from "ipython".</summary>
public static class LlamaAgentModel
{
    /// <summary>Name of its checkpoint.</summary>
    public const string Name = "agent-llama";

    private const string Turn = "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n";
    private const string AfterQuestion = "?" + Turn;
    private const string AfterCold = "\"cold\"" + Turn;
    private const string AfterHot = "\"hot\"" + Turn;
    private const string Head = "{\"name\": \"city-weather\", \"parameters\": ";
    private const string Rest = AgentModel.Arguments + "}";

    private const string Template = """
        {{- '<|begin_of_text|>' }}
        {%- if messages[0].role == 'system' %}
        {%- set system = messages[0].content | trim %}{% set messages = messages[1:] %}
        {%- else %}{% set system = '' %}{% endif %}
        {{- '<|start_header_id|>system<|end_header_id|>\n\n' }}
        {%- if tools is defined and tools %}{{ 'Environment: ipython\n' }}{% endif %}
        {{- system + '<|eot_id|>' }}
        {%- if tools is defined and tools %}
        {{- '<|start_header_id|>user<|end_header_id|>\n\n' }}
        {{- 'Answer with the JSON of a call, {"name": function name, "parameters": its arguments}.\n\n' }}
        {%- for tool in tools %}{{ tool | tojson(indent=4) + '\n\n' }}{% endfor %}
        {{- messages[0].content | trim + '<|eot_id|>' }}{% set messages = messages[1:] %}
        {%- endif %}
        {%- for message in messages %}
        {%- if message.tool_calls %}
        {%- if message.tool_calls | length != 1 %}{{ raise_exception('one call at once') }}{% endif %}
        {%- set call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\n\n{"name": "' + call.name + '", "parameters": ' }}
        {{- call.arguments | tojson }}{{ '}<|eot_id|>' }}
        {%- elif message.role == 'tool' %}
        {{- '<|start_header_id|>ipython<|end_header_id|>\n\n' + (message.content | tojson) + '<|eot_id|>' }}
        {%- else %}
        {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + message.content | trim + '<|eot_id|>' }}
        {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}
        """;

    private static readonly ScriptedCheckpoint Model = new(new ScriptedLlama(
        [
            "<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", AfterQuestion, AfterCold,
            AfterHot, Head, Rest, AgentModel.ColdAdvice, AgentModel.HotAdvice,
        ],
        AgentModel.Script(AfterCold, AfterHot, [AfterQuestion, Head, Rest]),
        Template));

    /// <summary>Its checkpoint, written once for a test run.</summary>
    public static string Folder => Model.Folder;
}
