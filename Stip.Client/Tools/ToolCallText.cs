namespace Stip.Client.Tools;

/// <summary>Reads calls from what a model wrote between its marks, in whichever of the known forms.</summary>
internal sealed class ToolCallText
{
    private const string Kimi = "<|tool_call_argument_begin|>";
    private const string DeepSeek = "<｜tool▁sep｜>";
    private const string Mistral = "[ARGS]";

    private readonly ToolCallIds _ids;
    private readonly ToolCallJson _json;
    private readonly ToolCallTags _tags;
    private readonly NamedCalls _named;
    private readonly Dictionary<string, ToolFunction> _functions;

    public ToolCallText(ToolDialect dialect, IReadOnlyCollection<ToolFunction> functions)
    {
        _functions = functions.GroupBy(function => function.Name, StringComparer.Ordinal)
            .ToDictionary(same => same.Key, same => same.First(), StringComparer.Ordinal);
        _ids = new ToolCallIds(dialect);
        _json = new ToolCallJson(_ids, _functions.Keys);
        _tags = new ToolCallTags(_ids, _functions);
        _named = new NamedCalls(_ids, _functions.Keys);
    }

    /// <returns>Null where the text is something else, or names a function that there is not.</returns>
    public IReadOnlyList<ToolCall>? Read(string text)
    {
        var inside = WithoutFences(text.Trim());
        return Has(inside, Kimi) ? _named.Read(inside, "<|tool_call_begin|>", Kimi, "<|tool_call_end|>")
            : Has(inside, DeepSeek) ? _named.Read(inside, "<｜tool▁call▁begin｜>", DeepSeek, "<｜tool▁call▁end｜>")
            : Has(inside, Mistral) ? _named.Read(inside, ToolMarks.BeginList, Mistral, "")
            : Has(inside, " to=functions.") ? _named.ReadChannel(inside)
            : inside.StartsWith('<') || Has(inside, "<arg_key>") || _functions.ContainsKey(inside) ? _tags.Read(inside)
            : _json.Read(inside) ?? PythonCalls.Read(inside, _ids, _functions.Keys);
    }

    private static bool Has(string text, string word) => text.Contains(word, StringComparison.Ordinal);

    // Command R writes its list as a block of code; Granite and Phi-4 mini may end theirs with a mark.
    private static string WithoutFences(string text)
    {
        foreach (var (begin, end) in new[] { ("```json", "```"), ("", "<|/tool_call|>"), ("", "</tool_call>") })
        {
            text = text.StartsWith(begin, StringComparison.Ordinal) ? text[begin.Length..].TrimStart() : text;
            text = text.EndsWith(end, StringComparison.Ordinal) && !text.StartsWith('<') ? text[..^end.Length] : text;
        }

        return text.TrimEnd();
    }
}
