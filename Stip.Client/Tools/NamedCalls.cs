using System.Text;
using System.Text.Json;

namespace Stip.Client.Tools;

/// <summary>Calls that are a name, a mark and the arguments as JSON: Mistral's later ones, DeepSeek's, Kimi's,
/// gpt-oss's, Solar Open's and Functionary's.</summary>
internal sealed class NamedCalls(ToolCallIds ids, IReadOnlyCollection<string> functions)
{
    /// <summary>Before each of Kimi K2's calls.</summary>
    public const string Kimi = "<|tool_call_begin|>";

    /// <summary>Behind the id of one of Solar Open's.</summary>
    public const string IdMark = "<|tool_call:name|>";

    private const string Prefix = "functions.";
    private const string CallId = "[CALL_ID]";
    private const string IdArguments = "<|tool_call:args|>";

    /// <param name="text">One call or several.</param>
    /// <param name="begin">The mark before each, which the first may lack.</param>
    /// <param name="mark">Between its name and its arguments.</param>
    /// <param name="end">The mark behind each; empty where there is none.</param>
    public IReadOnlyList<ToolCall>? Read(string text, string begin, string mark, string end)
    {
        var parts = text.Split(begin, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var calls = parts.Select(part => Call(part, mark, end)).ToArray();
        return calls.Length > 0 && Array.TrueForAll(calls, call => call is not null)
            ? [.. calls.OfType<ToolCall>()]
            : null;
    }

    /// <summary>gpt-oss's, whose special tokens are no text: <c>commentary to=functions.NAME json{…}</c>.</summary>
    public IReadOnlyList<ToolCall>? ReadChannel(string text)
    {
        var start = text.IndexOf(Prefix, StringComparison.Ordinal) + Prefix.Length;
        var name = functions.Where(name => text.AsSpan(start).StartsWith(name, StringComparison.Ordinal))
            .MaxBy(name => name.Length);
        var arguments = text.IndexOf('{', start);
        return name is not null && arguments >= start + name.Length && Arguments(text[arguments..]) is { } json
            ? [new ToolCall(ids.New(), name, json)]
            : null;
    }

    /// <summary>Solar Open's: an id, the name, the arguments.</summary>
    public IReadOnlyList<ToolCall>? ReadIdentified(string text, int name) =>
        text[(name + IdMark.Length)..].Split(IdArguments, 2) is [var function, var arguments]
        && functions.Contains(function.Trim()) && Arguments(arguments) is { } json
            ? [new ToolCall(text[..name].Trim() is { Length: > 0 } id ? id : ids.New(), function.Trim(), json)]
            : null;

    /// <summary>Functionary 3.2's: a name, a new line and the arguments, and others behind a mark.</summary>
    public IReadOnlyList<ToolCall>? ReadRecipients(string text)
    {
        var calls = new List<ToolCall>();
        for (ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(text); rest.Length > 0;)
        {
            var line = rest.IndexOf((byte)'\n');
            var name = line < 0 ? "" : Encoding.UTF8.GetString(rest[..line]).Trim();
            if (!functions.Contains(name) || FirstObject(rest[(line + 1)..], out var length) is not { } json)
            {
                return null;
            }

            calls.Add(new ToolCall(ids.New(), name, json));
            rest = rest[(line + 1 + length)..].TrimStart(" \t\r\n"u8);
            if (rest.Length > 0 && !rest.StartsWith(">>>"u8))
            {
                return null;
            }

            rest = rest.Length > 0 ? rest[ToolMarks.Recipient.Length..] : rest;
        }

        return calls;
    }

    private static string? FirstObject(ReadOnlySpan<byte> text, out int length)
    {
        length = 0;
        try
        {
            var reader = new Utf8JsonReader(text, new JsonReaderOptions { AllowMultipleValues = true });
            _ = JsonElement.ParseValue(ref reader);
            length = (int)reader.BytesConsumed;
            return ToolCallJson.Object(Encoding.UTF8.GetString(text[..length]).Trim());
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private ToolCall? Call(string part, string mark, string end)
    {
        var (head, rest) = part.IndexOf(mark, StringComparison.Ordinal) is >= 0 and var at
            ? (part[..at].Trim(), part[(at + mark.Length)..].Trim())
            : ("", "");
        rest = end.Length > 0 && rest.IndexOf(end, StringComparison.Ordinal) is >= 0 and var stop ? rest[..stop] : rest;
        if (head == "function" && rest.IndexOf('\n') is > 0 and var line)
        {
            // DeepSeek V3 and R1: the name stands behind the mark, the arguments in a block of code.
            (head, rest) = (rest[..line].Trim(), rest[(line + 1)..]);
        }

        var (name, id) = Named(head);
        return functions.Contains(name) && Arguments(rest) is { } json
            ? new ToolCall(id ?? ids.New(), name, json)
            : null;
    }

    // Kimi's template writes the id back, where the model reads which function it was: functions.NAME:0.
    private static (string Name, string? Id) Named(string head)
    {
        if (head.IndexOf(CallId, StringComparison.Ordinal) is > 0 and var mark)
        {
            return (head[..mark], head[(mark + CallId.Length)..]);
        }

        var colon = head.LastIndexOf(':');
        var isNumbered = colon > 0 && int.TryParse(head.AsSpan(colon + 1), out _);
        var name = isNumbered ? head[..colon] : head;
        return (name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name,
            isNumbered ? head : null);
    }

    private static string? Arguments(string text)
    {
        var json = text.Trim();
        json = json.StartsWith("```json", StringComparison.Ordinal) ? json["```json".Length..] : json;
        json = (json.EndsWith("```", StringComparison.Ordinal) ? json[..^3] : json).Trim();
        try
        {
            return json.Length == 0 ? "{}" : ToolCallJson.Object(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
