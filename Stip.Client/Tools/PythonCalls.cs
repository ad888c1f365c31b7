using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Client.Tokenization;

namespace Stip.Client.Tools;

/// <summary>Calls as Python writes them: <c>[name(key="value", n=1), other()]</c> (LFM2, Llama 3.2 and 4,
/// Olmo 3).</summary>
internal sealed class PythonCalls
{
    private const int Deepest = 60;
    private readonly string _text;
    private int _at;

    private PythonCalls(string text) => _text = text;

    /// <returns>Null where the text is something else, or names a function that there is not.</returns>
    public static IReadOnlyList<ToolCall>? Read(
        string text, ToolCallIds ids, IReadOnlyCollection<string> functions)
    {
        try
        {
            var calls = new PythonCalls(text).List();
            return calls.Count > 0 && calls.TrueForAll(call => functions.Contains(call.Name))
                ? [.. calls.Select(call => new ToolCall(
                    ids.New(), call.Name, call.Arguments.ToJsonString(ToolCallJson.Plainly)))]
                : null;
        }
        catch (Exception fault) when (fault is FormatException or JsonException)
        {
            return null;
        }
    }

    private List<(string Name, JsonObject Arguments)> List()
    {
        var calls = new List<(string, JsonObject)>();
        Expect('[');
        while (!Take(']'))
        {
            var name = Name();
            var arguments = new JsonObject();
            Expect('(');
            while (!Take(')'))
            {
                var key = Name();
                Expect('=');
                arguments[key] = Value(0);
                _ = Peek() == ')' || Expect(',');
            }

            calls.Add((name, arguments));
            // Olmo 3 has a line for each.
            _ = Take(',');
        }

        return Peek() == '\0' ? calls : throw new FormatException();
    }

    private JsonNode? Value(int depth) => depth > Deepest ? throw new FormatException() : Peek() switch
    {
        '"' or '\'' => JsonValue.Create(Text()),
        '[' or '(' => Items(depth),
        '{' => Map(depth),
        '-' or (>= '0' and <= '9') => Number(),
        _ => Name() switch
        {
            "True" or "true" => JsonValue.Create(true),
            "False" or "false" => JsonValue.Create(false),
            "None" or "null" => null,
            _ => throw new FormatException(),
        },
    };

    private JsonArray Items(int depth)
    {
        var (items, close) = (new JsonArray(), _text[_at++] == '[' ? ']' : ')');
        while (!Take(close))
        {
            items.Add(Value(depth + 1));
            _ = Peek() == close || Expect(',');
        }

        return items;
    }

    private JsonObject Map(int depth)
    {
        var map = new JsonObject();
        Expect('{');
        while (!Take('}'))
        {
            var key = Peek() is '"' or '\'' ? Text() : throw new FormatException();
            Expect(':');
            map[key] = Value(depth + 1);
            _ = Peek() == '}' || Expect(',');
        }

        return map;
    }

    private JsonNode? Number()
    {
        var start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '-' or '+' or '.'))
        {
            _at++;
        }

        var digits = _text[start.._at];
        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            && !digits.StartsWith('+') && !digits.EndsWith('.')
            ? JsonNode.Parse(digits)
            : throw new FormatException();
    }

    private string Text()
    {
        var (text, mark) = (new StringBuilder(), _text[_at++]);
        while (_at < _text.Length && _text[_at] != mark)
        {
            var character = _text[_at++];
            text.Append(character == '\\' && _at < _text.Length ? Escaped(_text[_at++]) : character.ToString());
        }

        return Take(mark) && !HasHalves(text.ToString()) ? text.ToString() : throw new FormatException();
    }

    private string Escaped(char character) => character switch
    {
        'n' => "\n",
        't' => "\t",
        'r' => "\r",
        '\\' or '\'' or '"' => character.ToString(),
        'u' when _at + 4 <= _text.Length && ushort.TryParse(
            _text.AsSpan(_at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            && (_at += 4) > 0 => ((char)code).ToString(),
        _ => $"\\{character}",
    };

    // Half a character could not be read again when the call comes back as a message.
    private static bool HasHalves(string text) => UnicodeText.WithoutLoneSurrogates(text) != text;

    private string Name()
    {
        _ = Peek();
        var start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '_' or '.' or '-'))
        {
            _at++;
        }

        return _at > start ? _text[start.._at] : throw new FormatException();
    }

    private char Peek()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }

        return _at < _text.Length ? _text[_at] : '\0';
    }

    private bool Take(char wanted)
    {
        var isNext = Peek() == wanted;
        _at += isNext ? 1 : 0;
        return isNext;
    }

    private bool Expect(char wanted) => Take(wanted) ? true : throw new FormatException();
}
