using System.Text;
using System.Text.Json;

namespace Stip.Gateway.OpenAi.Tools;

/// <summary>
/// Tells tool calls from text in an answer as it comes. Known are blocks <c>&lt;tool_call&gt;{…}&lt;/tool_call&gt;</c>
/// (Hermes, Qwen) and answers that are one JSON object or list with <c>name</c> and <c>arguments</c> or
/// <c>parameters</c> (Llama, Mistral). What only looks like a call is given out as text.
/// </summary>
internal sealed class ToolCallText(IReadOnlyCollection<string> tools)
{
    private const string Begin = "<tool_call>";
    private const string End = "</tool_call>";

    private readonly StringBuilder _held = new();
    private bool _isText;
    private bool _isCall;

    /// <summary>Takes text.</summary>
    /// <returns>What is certain to be no part of a call.</returns>
    public string Append(string text)
    {
        _held.Append(text);
        var held = _held.ToString();
        if (_isCall)
        {
            return "";
        }

        if (!_isText)
        {
            var start = held.AsSpan().TrimStart();
            if (start.Length == 0)
            {
                return "";
            }

            _isCall = start[0] is '{' or '[';
            _isText = !_isCall;
        }

        return _isCall ? "" : Release(held);
    }

    /// <summary>Ends the answer.</summary>
    /// <returns>The text that was held back, and the calls.</returns>
    public (string Text, IReadOnlyList<ToolCall> Calls) Finish()
    {
        var held = _held.ToString();
        _held.Clear();
        var calls = held.Contains(Begin, StringComparison.Ordinal) ? Blocks(held) : Whole(held);
        return calls.Count > 0 ? ("", calls) : (held, []);
    }

    private string Release(string held)
    {
        var place = held.IndexOf(Begin, StringComparison.Ordinal);
        _isCall = place >= 0;
        var certain = place >= 0 ? place : held.Length - LongestBeginning(held);
        _held.Remove(0, certain);
        return held[..certain];
    }

    private static int LongestBeginning(string text)
    {
        for (var length = Math.Min(Begin.Length - 1, text.Length); length > 0; length--)
        {
            if (text.EndsWith(Begin[..length], StringComparison.Ordinal))
            {
                return length;
            }
        }

        return 0;
    }

    private List<ToolCall> Blocks(string text)
    {
        var calls = new List<ToolCall>();
        foreach (var block in text.Split(Begin).Skip(1))
        {
            var found = Whole(block.Split(End)[0]);
            if (found.Count == 0)
            {
                return [];
            }

            calls.AddRange(found);
        }

        return calls;
    }

    private List<ToolCall> Whole(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text.Trim());
            var root = document.RootElement;
            JsonElement[] items = root.ValueKind == JsonValueKind.Array ? [.. root.EnumerateArray()] : [root];
            var calls = items.Select(Call).OfType<ToolCall>().ToList();
            return calls.Count == items.Length ? calls : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private ToolCall? Call(JsonElement call)
    {
        if (call.ValueKind != JsonValueKind.Object || !call.TryGetProperty("name", out var name)
            || name.ValueKind != JsonValueKind.String || !tools.Contains(name.GetString()!))
        {
            return null;
        }

        var arguments = call.TryGetProperty("arguments", out var given) || call.TryGetProperty("parameters", out given)
            ? given
            : default;
        var text = arguments.ValueKind switch
        {
            JsonValueKind.Object => arguments.GetRawText(),
            JsonValueKind.String => arguments.GetString()!,
            JsonValueKind.Undefined or JsonValueKind.Null => "{}",
            _ => null,
        };
        return text is null ? null : new ToolCall($"call_{Guid.NewGuid():N}", name.GetString()!, text);
    }
}
