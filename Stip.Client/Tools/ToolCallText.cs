namespace Stip.Client.Tools;

/// <summary>Reads calls from what a model wrote between its marks, in whichever of the known forms.</summary>
internal sealed class ToolCallText
{
    private const string DeepSeek = "<｜tool▁call▁begin｜>";
    private const string Channel = "to=functions.";
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
        return inside switch
        {
            ['{' or '[', ..] => _json.Read(inside) ?? PythonCalls.Read(inside, _ids, _functions.Keys),
            _ when inside.StartsWith(NamedCalls.Kimi, StringComparison.Ordinal) =>
                _named.Read(inside, NamedCalls.Kimi, "<|tool_call_argument_begin|>", "<|tool_call_end|>"),
            _ when inside.StartsWith(DeepSeek, StringComparison.Ordinal) =>
                _named.Read(inside, DeepSeek, "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"),
            _ when inside.StartsWith(NestedTags.Mark, StringComparison.Ordinal) =>
                NestedTags.Read(inside, _ids, _functions),
            ['<', ..] => _tags.Read(inside),
            _ => Words(inside),
        };
    }

    // An argument may hold the others: the first tells.
    private IReadOnlyList<ToolCall>? Words(string inside) => FirstWord(inside) switch
    {
        Channel => _named.ReadChannel(inside),
        Mistral => _named.Read(inside, ToolMarks.BeginList, Mistral, ""),
        NamedCalls.IdMark =>
            _named.ReadIdentified(inside, inside.IndexOf(NamedCalls.IdMark, StringComparison.Ordinal)),
        GemmaCalls.Begin => GemmaCalls.Read(inside, _ids, _functions.Keys),
        "(" => PythonCalls.Read($"[{inside}]", _ids, _functions.Keys),
        "\n{" => _named.ReadRecipients(inside),
        _ => _tags.Read(inside),
    };

    private static string? FirstWord(string inside) => new[]
        {
            Channel, Mistral, NamedCalls.IdMark, GemmaCalls.Begin, "(", "\n{", "<arg_key>", "<longcat_arg_key>",
        }
        .Select(word => (Word: word, Place: inside.IndexOf(word, StringComparison.Ordinal)))
        .Where(found => found.Place >= 0)
        .DefaultIfEmpty()
        .MinBy(found => found.Place).Word;

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
