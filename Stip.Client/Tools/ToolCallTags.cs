using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Stip.Protocol;

namespace Stip.Client.Tools;

/// <summary>Calls whose arguments are tags: those of Qwen 3 Coder and Nemotron 3, of Seed-OSS, MiniMax, DeepSeek V3.2,
/// Step 3, GLM, LongCat, Hunyuan and MiniCPM5, and Functionary's, which are JSON within a tag.</summary>
internal sealed partial class ToolCallTags(ToolCallIds ids, IReadOnlyDictionary<string, ToolFunction> functions)
{
    private const int Deepest = 60;
    private const string Hunyuan = "<tool_call:opensource>";

    /// <returns>Null where the text is something else, or names a function that there is not.</returns>
    public IReadOnlyList<ToolCall>? Read(string text)
    {
        try
        {
            var calls = Functions().Matches(text).Select(match => Tagged(match.Groups["name"].Value, match)).ToList();
            if (calls.Count == 0)
            {
                calls.AddRange(text.Split(Hunyuan, StringSplitOptions.RemoveEmptyEntries).Select(Keyed));
            }

            return calls.Count > 0 && calls.TrueForAll(call => call is not null)
                ? [.. calls.OfType<ToolCall>()]
                : null;
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }

    [GeneratedRegex(
        """<(｜DSML｜|steptml:)?(function|invoke)(=| name=")(?<name>[^">\s]+)"?\s*>(?<inside>.*?)"""
        + """(</(｜DSML｜|steptml:)?\2>|$)""",
        RegexOptions.Singleline | RegexOptions.CultureInvariant, 1_000)]
    private static partial Regex Functions();

    [GeneratedRegex(
        """<(｜DSML｜|steptml:)?(parameter|param)(=| name=")(?<key>[^">]+)"?"""
        + """(\s+string="(?<text>true|false)")?\s*>(?<value>(<!\[CDATA\[.*?\]\]>\s*)?.*?)"""
        + """</(｜DSML｜|steptml:)?\2>""",
        RegexOptions.Singleline | RegexOptions.CultureInvariant, 1_000)]
    private static partial Regex Parameters();

    [GeneratedRegex(
        "<(?:longcat_)?arg_key(?::opensource)?>(?<key>.*?)</(?:longcat_)?arg_key(?::opensource)?>\\s*"
        + "<(?:longcat_)?arg_value(?::opensource)?>(?<value>.*?)</(?:longcat_)?arg_value(?::opensource)?>",
        RegexOptions.Singleline | RegexOptions.CultureInvariant, 1_000)]
    private static partial Regex Keys();

    private ToolCall? Tagged(string name, Match match)
    {
        var inside = match.Groups["inside"].Value.Trim();
        if (!inside.StartsWith('{'))
        {
            return Call(name, Parameters().Matches(inside));
        }

        try
        {
            return functions.ContainsKey(name) && ToolCallJson.Object(inside) is { } json
                ? new ToolCall(ids.New(), name, json)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [GeneratedRegex(
        "<(?:longcat_)?arg_key|<tool_sep:|</tool_call:",
        RegexOptions.CultureInvariant, 1_000)]
    private static partial Regex NameEnd();

    // GLM, LongCat and Hunyuan: the name, then keys and values.
    private ToolCall? Keyed(string text)
    {
        var end = NameEnd().Match(text) is { Success: true } match ? match.Index : text.Length;
        return Call(text[..end].Trim(), Keys().Matches(text));
    }

    private ToolCall? Call(string name, IEnumerable<Match> arguments)
    {
        if (!functions.TryGetValue(name, out var function))
        {
            return null;
        }

        var all = new JsonObject();
        foreach (var argument in arguments)
        {
            var (key, value) = (argument.Groups["key"].Value, argument.Groups["value"].Value);
            var saysText = argument.Groups["text"] is { Success: true } says ? says.Value == "true" : (bool?)null;
            all[key] = saysText ?? IsText(function, key) ? JsonValue.Create(Plain(value)) : Value(Plain(value));
        }

        return new ToolCall(ids.New(), name, all.ToJsonString(ToolCallJson.Plainly));
    }

    // One new line at each end is the form's own.
    private static string Plain(string value)
    {
        var start = value.StartsWith('\n') ? 1 : 0;
        var end = value.Length > start && value.EndsWith('\n') ? 1 : 0;
        var plain = value[start..^end];
        const string begin = "<![CDATA[";
        return plain.StartsWith(begin, StringComparison.Ordinal) && plain.EndsWith("]]>", StringComparison.Ordinal)
            ? plain[begin.Length..^3]
            : plain;
    }

    private static bool IsText(ToolFunction function, string key) =>
        function.Parameters is { } schema && schema.TryGetProperty("properties", out var properties)
        && properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty(key, out var property)
        && property.ValueKind == JsonValueKind.Object && property.TryGetProperty("type", out var type)
        && type.ValueKind == JsonValueKind.String && type.ValueEquals("string");

    /// <summary>What is written, where nothing says that it is a text: JSON, one of Python's words, or a text.
    /// </summary>
    public static JsonNode? Value(string text)
    {
        var json = text.Trim() switch
        {
            "True" => "true",
            "False" => "false",
            "None" => "null",
            var other => other,
        };
        try
        {
            return JsonText.IsUnicode(System.Text.Encoding.UTF8.GetBytes(json))
                ? JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { MaxDepth = Deepest })
                : text;
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
