using System.Text.Json;
using System.Text.Json.Nodes;

namespace Stip.Client.Tools;

/// <summary>Calls as MiniMax M3 writes them: tags behind a mark, one in another for lists and objects.</summary>
internal sealed class NestedTags
{
    /// <summary>Before each tag.</summary>
    public const string Mark = "]<]minimax[>[";

    private const string Item = "item";
    private const string BeginCall = Mark + "<invoke name=\"";
    private const string EndCall = Mark + "</invoke>";
    private const int Deepest = 60;
    private readonly string _text;
    private int _at;

    private NestedTags(string text) => _text = text;

    /// <returns>Null where the text is something else, or names a function that there is not.</returns>
    public static IReadOnlyList<ToolCall>? Read(
        string text, ToolCallIds ids, IReadOnlyDictionary<string, ToolFunction> functions)
    {
        try
        {
            var reader = new NestedTags(text);
            var calls = new List<ToolCall>();
            while (reader._at < text.Length)
            {
                reader.Expect(BeginCall);
                var function = functions.GetValueOrDefault(reader.Until("\">")) ?? throw new FormatException();
                var arguments = new JsonObject();
                while (!reader.Take(EndCall))
                {
                    var (name, value) = reader.Child(function.Parameters, 0);
                    arguments[name] = value;
                }

                calls.Add(new ToolCall(ids.New(), function.Name, arguments.ToJsonString(ToolCallJson.Plainly)));
                reader.SkipSpace();
            }

            return calls;
        }
        catch (Exception fault) when (fault is FormatException or JsonException)
        {
            return null;
        }
    }

    private (string Name, JsonNode? Value) Child(JsonElement? parent, int depth)
    {
        Expect(Mark + "<");
        var name = depth > Deepest ? throw new FormatException() : Until(">");
        return (name, Value(name, Of(parent, name), depth));
    }

    private JsonNode? Value(string name, JsonElement? schema, int depth)
    {
        var end = $"{Mark}</{name}>";
        if (Has(schema, "string"))
        {
            return JsonValue.Create(Until(end));
        }

        var next = _text.IndexOf(Mark, _at, StringComparison.Ordinal);
        if (next < 0 || string.CompareOrdinal(_text, next, end, 0, end.Length) == 0)
        {
            var text = Until(end);
            return text.Length > 0 ? ToolCallTags.Value(text)
                : Has(schema, "object") ? new JsonObject()
                : Has(schema, "array") ? new JsonArray()
                : JsonValue.Create("");
        }

        var children = new List<(string Name, JsonNode? Value)>();
        while (!Take(end))
        {
            children.Add(Child(schema, depth + 1));
        }

        return children.TrueForAll(child => child.Name == Item) && !Has(schema, "object")
            ? new JsonArray([.. children.Select(child => child.Value)])
            : Map(children);
    }

    private static JsonObject Map(IEnumerable<(string Name, JsonNode? Value)> children)
    {
        var map = new JsonObject();
        foreach (var (name, value) in children)
        {
            map[name] = value;
        }

        return map;
    }

    private static bool Has(JsonElement? schema, string type) =>
        Property(schema, "type") is { ValueKind: JsonValueKind.String } said && said.ValueEquals(type);

    private static JsonElement? Of(JsonElement? parent, string name) =>
        Property(Property(parent, "properties"), name) ?? (name == Item ? Property(parent, "items") : null);

    private static JsonElement? Property(JsonElement? schema, string name) =>
        schema is { ValueKind: JsonValueKind.Object } given && given.TryGetProperty(name, out var value) ? value : null;

    private string Until(string mark)
    {
        var end = _text.IndexOf(mark, _at, StringComparison.Ordinal);
        var text = end >= 0 ? _text[_at..end] : throw new FormatException();
        _at = end + mark.Length;
        return text;
    }

    private bool Take(string wanted)
    {
        SkipSpace();
        var isNext = _text.AsSpan(_at).StartsWith(wanted, StringComparison.Ordinal);
        _at += isNext ? wanted.Length : 0;
        return isNext;
    }

    private void Expect(string wanted) => _ = Take(wanted) ? true : throw new FormatException();

    private void SkipSpace()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }
    }
}
