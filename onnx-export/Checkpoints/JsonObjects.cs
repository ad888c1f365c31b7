using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Onnx;
using Stip.Protocol;

namespace Stip.Export.Checkpoints;

/// <summary>Objects of JSON files, read and put together.</summary>
internal static class JsonObjects
{
    /// <summary>The object that a file holds.</summary>
    /// <exception cref="RefusedException">It holds something else.</exception>
    public static JsonElement Read(string name, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            if (!JsonText.IsUnicode(bytes.Span))
            {
                throw new RefusedException($"{name} is not JSON: a string of it is not UTF-8");
            }

            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new RefusedException(
                    $"{name} holds {document.RootElement.ValueKind}; it must be a JSON object");
        }
        catch (JsonException e)
        {
            throw new RefusedException($"{name} is not JSON: {e.Message}", e);
        }
    }

    /// <summary>What a file holds, to be changed; of a name that stands twice the last counts, as for other
    /// readers.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static JsonNode? Editable(ReadOnlyMemory<byte> bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        return Editable(document.RootElement);
    }

    /// <summary>Fields of both; where both have one, that of the second.</summary>
    public static JsonElement Merged(JsonElement first, JsonElement second) => JsonSerializer.SerializeToElement(
        first.EnumerateObject().Concat(second.EnumerateObject())
            .GroupBy(field => field.Name)
            .ToDictionary(fields => fields.Key, fields => fields.Last().Value));

    private static JsonNode? Editable(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => new JsonObject(element.EnumerateObject().GroupBy(field => field.Name)
            .Select(fields => KeyValuePair.Create(fields.Key, Editable(fields.Last().Value)))),
        JsonValueKind.Array => new JsonArray([.. element.EnumerateArray().Select(Editable)]),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(element.Clone()),
    };
}
