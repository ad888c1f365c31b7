namespace Stip.TestKit.Scripted;

/// <summary>
/// A model that asks for the weather in Oslo wherever it may call functions, and whose advice depends on the last
/// letter of what the function said: a coat for "cold", a hat for "hot".
/// </summary>
public static class AgentModel
{
    /// <summary>Name of its checkpoint.</summary>
    public const string Name = "agent";

    /// <summary>The function that it calls.</summary>
    public const string Function = "city-weather";

    /// <summary>What it calls it with.</summary>
    public const string Arguments = """{"city": "Oslo"}""";

    /// <summary>What it says where the function said "cold".</summary>
    public const string ColdAdvice = "Take a coat.";

    /// <summary>What it says where the function said "hot".</summary>
    public const string HotAdvice = "Take a hat.";

    /// <summary>What it says where it may call nothing.</summary>
    public const string Greeting = "Good day.";

    private const string Begin = "<tool_call>\n";
    private const string Head = "{\"name\": \"city-weather\", \"arguments\": ";
    private const string Tail = "}\n</tool_call>";

    // As those of Hermes and Qwen: functions as JSON in front, calls as blocks, results as they are.
    private const string Template = """
        {%- if tools %}<|tools|>{% for tool in tools %}{{ tool | tojson }}
        {% endfor %}{{ 'Call as <tool_call>{"name": …, "arguments": …}</tool_call>.' }}{% endif %}
        {%- for message in messages %}
        {%- if message.role == 'tool' %}<|result|>{{ message.content }}
        {%- elif message.tool_calls %}<|call|>
        {%- for call in message.tool_calls %}<tool_call>
        {{ '{"name": ' ~ (call.function.name | tojson) ~ ', "arguments": ' ~ (call.function.arguments | tojson) }}
        {{- '}\n</tool_call>' }}
        {%- endfor %}<|end|>
        {%- elif message.role == 'assistant' %}<|answer|>{{ message.content }}<|end|>
        {%- else %}<|user|>{{ message.content }}
        {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt and messages[-1].role != 'tool' %}
        {%- if tools %}<|call|>{% else %}<|answer|>{% endif %}
        {%- endif %}
        """;

    private static readonly ScriptedCheckpoint Model = new(new ScriptedLlama(
        [
            "<|tools|>", "<|user|>", "<|call|>", "<|answer|>", "<|result|>",
            Begin, Head, Arguments, Tail, ColdAdvice, HotAdvice, Greeting,
        ],
        Script(cold: "d", hot: "t", ["<|call|>", Begin, Head, Arguments, Tail], ["<|answer|>", Greeting]),
        Template));

    /// <summary>Its checkpoint, written once for a test run.</summary>
    public static string Folder => Model.Folder;

    /// <summary>What follows which token: advice after results, and what else the model says.</summary>
    /// <param name="cold">The token after which it knows that it is cold.</param>
    /// <param name="hot">The token after which it knows that it is hot.</param>
    /// <param name="answers">Tokens one after the other, from the one that asks for the answer on.</param>
    internal static Dictionary<string, string> Script(string cold, string hot, params string[][] answers)
    {
        string[][] all = [.. answers, [cold, ColdAdvice], [hot, HotAdvice]];
        return all.SelectMany(answer => answer.Zip([.. answer.Skip(1), ScriptedLlama.End]))
            .ToDictionary(pair => pair.First, pair => pair.Second);
    }
}
