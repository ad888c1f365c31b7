using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Stip.Client.Tools;

/// <summary>Calls as Gemma 4 and FunctionGemma write them: <c>call:name{key:value,…}</c>, where texts stand between
/// marks of their own.</summary>
internal sealed class GemmaCalls
{
    public const string Begin = "call:";

    private const int Deepest = 60;
    private readonly string _text;
    private int _at;

    private GemmaCalls(string text) => _text = text;

    /// <summary>What stands before and behind texts.</summary>
    public static IReadOnlyList<string> Quotes { get; } = ["<|\"|>", "<escape>"];

    /// <returns>Null where the text is something else, or names a function that there is not.</returns>
    public static IReadOnlyList<ToolCall>? Read(string text, ToolCallIds ids, IReadOnlyCollection<string> functions)
    {
        try
        {
            var calls = new GemmaCalls(text).Calls();
            return calls.TrueForAll(call => functions.Contains(call.Name))
                ? [.. calls.Select(call => new ToolCall(
                    ids.New(), call.Name, call.Arguments.ToJsonString(ToolCallJson.Plainly)))]
                : null;
        }
        catch (Exception fault) when (fault is FormatException or JsonException)
        {
            return null;
        }
    }

    private List<(string Name, JsonObject Arguments)> Calls()
    {
        var calls = new List<(string, JsonObject)>();
        do
        {
            var name = Take(Begin) ? Until('{') : throw new FormatException();
            calls.Add((name.Trim(), Map(0)));
        }
        while (!IsAtEnd());

        return calls;
    }

    private JsonNode? Value(int depth)
    {
        if (depth > Deepest || IsAtEnd())
        {
            throw new FormatException();
        }

        return Quoted() is { } text ? JsonValue.Create(text)
            : _text[_at] == '{' ? Map(depth)
            : _text[_at] == '[' ? Items(depth)
            : Plain();
    }

    private JsonObject Map(int depth)
    {
        var map = new JsonObject();
        Expect("{");
        while (!Take("}"))
        {
            var key = Quoted() ?? Until(':').Trim();
            Expect(":");
            map[key] = Value(depth + 1);
            _ = Take(",");
        }

        return map;
    }

    private JsonArray Items(int depth)
    {
        var items = new JsonArray();
        Expect("[");
        while (!Take("]"))
        {
            items.Add(Value(depth + 1));
            _ = Take(",");
        }

        return items;
    }

    // A number, a word of JSON's, or a text whose marks were forgotten.
    private JsonNode? Plain()
    {
        var start = _at;
        while (_at < _text.Length && _text[_at] is not (',' or '}' or ']'))
        {
            _at++;
        }

        var word = _text[start.._at].Trim();
        return word switch
        {
            "true" or "True" => JsonValue.Create(true),
            "false" or "False" => JsonValue.Create(false),
            "null" or "None" => null,
            "" => throw new FormatException(),
            _ when double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out _) =>
                ToolCallTags.Value(word), // JSON has no 007 and no .5
            _ => JsonValue.Create(word),
        };
    }

    private string? Quoted()
    {
        _ = IsAtEnd();
        foreach (var quote in Quotes)
        {
            if (Take(quote))
            {
                var end = _text.IndexOf(quote, _at, StringComparison.Ordinal);
                var text = end >= 0 ? _text[_at..end] : throw new FormatException();
                _at = end + quote.Length;
                return text;
            }
        }

        return null;
    }

    private string Until(char mark)
    {
        var end = _text.IndexOf(mark, _at);
        var text = end >= 0 ? _text[_at..end] : throw new FormatException();
        _at = end;
        return text;
    }

    private bool IsAtEnd()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }

        return _at == _text.Length;
    }

    private bool Take(string wanted)
    {
        var isNext = !IsAtEnd() && _text.AsSpan(_at).StartsWith(wanted, StringComparison.Ordinal);
        _at += isNext ? wanted.Length : 0;
        return isNext;
    }

    private void Expect(string wanted) => _ = Take(wanted) ? true : throw new FormatException();
}
